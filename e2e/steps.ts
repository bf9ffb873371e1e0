// What several specs do alike, in a user's words.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

const demoTimeoutMs = 150_000

/** From the welcome screen through the overview, where a site opens, to the running demo lab's map. */
export async function openDemoLab(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open the demo lab' }).click()
  await expect(page.getByTestId('source-proxmox')).toHaveAttribute('data-state', 'live', { timeout: demoTimeoutMs })
  await expect(page.getByTestId('headline')).toBeVisible()
  await goTo(page, 'Topology')
  await expect(page.getByRole('region', { name: 'Topology map' })).toBeVisible()
}

export async function goTo(page: Page, screen: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: screen }).click()
}

/** Chooses a database, replaces the editor's text and runs it by the keyboard. */
export async function runSql(page: Page, sql: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: 'SQL editor' })
  await editor.click()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.insertText(sql)
  await page.keyboard.press('ControlOrMeta+Enter')
}

export async function chooseDatabase(page: Page, label: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Database' }).click()
  await page.getByRole('option', { name: label }).first().click()
}

/** No serious or critical finding of axe on what is shown now. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(settled)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter((item) => item.impact === 'serious' || item.impact === 'critical')
  expect(serious.map((item) => `${item.id}: ${item.help} (${item.nodes.map((node) => node.target.join(' ')).slice(0, 3).join('; ')})`)).toEqual([])
}

/** Resolves when what fades or slides in has arrived: half-way, its colours are not those that are read. Runs in the page. */
async function settled(): Promise<void> {
  const passing = document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
  await Promise.allSettled(passing.map((one) => one.finished))
}
