// A day of watching: the overview in ten seconds, a node that loses power raises an alert, somebody takes it on, it ends
// when the node is back; and everything is found, also with no system answering.
import { expect, test } from './fixtures.ts'
import { chooseDatabase, expectAccessible, goTo, openDemoLab, runSql } from './steps.ts'
import type { Page } from '@playwright/test'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

test('watching and finding', async ({ meridian }) => {
  test.setTimeout(300_000)
  let { page } = meridian
  await openDemoLab(page)

  await test.step('the overview says what is wrong, running, full and not backed up', async () => {
    await goTo(page, 'Overview')
    const wrong = page.getByRole('region', { name: 'What is wrong' })
    await expect(wrong.getByText(/of node05 is at 95 °C/)).toBeVisible({ timeout: 60_000 })
    await expect(page.getByTestId('headline')).toHaveAttribute('data-health', 'warning')
    await expect(page.getByRole('region', { name: 'What is running' }).getByText('cloudy-grid').first()).toBeVisible()
    await expect(page.getByRole('region', { name: 'What is full' }).getByText(/nvmethin\d+ on node\d+/).first()).toBeVisible({ timeout: 30_000 })
    await expect(page.getByRole('region', { name: 'What is not backed up' })).toContainText(/of 30 guests have a backup/)
    await expect(page.getByRole('region', { name: 'Load' }).getByText('node07')).toBeVisible()
    await page.screenshot({ path: picture('overview') })
    await expectAccessible(page)
  })

  await test.step('a rule is made to tell at once', async () => {
    await goTo(page, 'Alerts')
    await page.getByRole('tab', { name: 'Rules' }).click()
    await page.getByRole('button', { name: 'Node is down', exact: true }).click()
    const editor = page.getByRole('dialog', { name: 'Node is down' })
    await editor.getByRole('textbox', { name: 'Told after (seconds)' }).fill('0')
    await editor.getByRole('textbox', { name: 'Over after (seconds)' }).fill('0')
    await page.screenshot({ path: picture('alert-rule') })
    await editor.getByRole('button', { name: 'Save the rule' }).click()
    await expect(editor).toBeHidden()
    await expect(page.locator('tr[data-rule="node-down"]')).toContainText('at once')
    await expectAccessible(page)
  })

  await test.step('a node loses power: an alert fires, and somebody takes it on', async () => {
    await setProxmoxFault(page, 'A node loses power')
    await goTo(page, 'Alerts')
    const group = page.locator('[data-rule="node-down"]')
    await expect(group).toContainText('node04 is offline', { timeout: 60_000 })
    await page.screenshot({ path: picture('alerts') })
    await group.getByRole('button', { name: 'Acknowledge' }).click()
    const dialog = page.getByRole('dialog', { name: 'Acknowledge Node is down: node04' })
    await dialog.getByRole('textbox', { name: 'Your name' }).fill('Ada')
    await dialog.getByRole('textbox', { name: 'Note' }).fill('The breaker has tripped')
    await dialog.getByRole('button', { name: 'Acknowledge' }).click()
    await page.getByRole('tab', { name: 'Acknowledged 1' }).click()
    await expect(group).toContainText('Ada: The breaker has tripped')
    await expectAccessible(page)
  })

  await test.step('the node is back: the alert is over, and stays in the history', async () => {
    await setProxmoxFault(page, 'Works')
    await goTo(page, 'Alerts')
    await expect(page.getByRole('tab', { name: 'Acknowledged 0' })).toBeVisible({ timeout: 60_000 })
    await page.getByRole('tab', { name: 'Over' }).click()
    const row = page.getByRole('row', { name: /Node is down/ })
    await expect(row).toContainText('node04')
    await expect(row).toContainText('Ada: The breaker has tripped')
    await page.screenshot({ path: picture('alert-history') })
  })

  let targetId = ''
  await test.step('figures are kept and drawn', async () => {
    await goTo(page, 'Figures')
    await expect(page.getByRole('figure', { name: 'CPU' })).toBeVisible({ timeout: 60_000 })
    await page.screenshot({ path: picture('figures') })
    await expectAccessible(page)
  })

  await test.step('a result is saved', async () => {
    await goTo(page, 'SQL')
    await chooseDatabase(page, 'proj-pg01')
    await expect(page.getByRole('treeitem', { name: /^zpix/ }).first()).toBeVisible({ timeout: 60_000 })
    await runSql(page, "SELECT targetid, z FROM zpix WHERE spectype = 'QSO' AND zwarn = 0 ORDER BY targetid LIMIT 500")
    await expect(page.getByTestId('result-status')).toHaveAttribute('data-state', 'done', { timeout: 60_000 })
    targetId = (await page.getByRole('gridcell').first().textContent())!.trim()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Five hundred quasars')
    await page.getByRole('button', { name: 'Save the result' }).click()
    await expect(page.getByTestId('result-status')).toContainText('Five hundred quasars')
  })

  await test.step('with no system answering, everything is still found', async () => {
    page = await meridian.restart()
    await expect(page.getByTestId('offline-banner')).toBeVisible({ timeout: 60_000 })
    await expect(page.getByTestId('headline')).toHaveAttribute('data-health', 'unknown')
    await page.screenshot({ path: picture('overview-offline') })
    await search(page, '2002')
    await page.getByRole('button', { name: /proj-pg01 guest · VMID 2002/ }).click()
    const details = page.getByRole('complementary', { name: 'Details of proj-pg01' })
    await expect(details).toBeVisible()
    const mac = await details.getByText(/^([0-9a-f]{2}:){5}[0-9a-f]{2}/).first().textContent()
    await search(page, mac!.split(',')[0]!.trim())
    await expect(page.getByRole('button', { name: /proj-pg01 guest/ }).first()).toBeVisible()
    await page.keyboard.press('Escape')
    await search(page, 'node is down')
    await expect(page.getByRole('button', { name: /^Node is down: node04/ })).toBeVisible()
    await page.keyboard.press('Escape')
    await search(page, targetId)
    await expect(page.getByRole('button', { name: /Five hundred quasars/ })).toBeVisible()
    await page.screenshot({ path: picture('search-targetid') })
    await page.getByRole('button', { name: new RegExp(`Look TARGETID ${targetId} up in zpix`) }).first().click()
    await expect(page.getByRole('textbox', { name: 'SQL editor' })).toContainText(`WHERE targetid = ${targetId};`)
  })
})

async function setProxmoxFault(page: Page, fault: string): Promise<void> {
  await goTo(page, 'Settings')
  await page.getByRole('tab', { name: 'Demo lab' }).click()
  await page.getByRole('combobox', { name: 'Fault of Proxmox VE' }).click()
  await page.getByRole('option', { name: fault }).click()
  await expect(page.getByRole('combobox', { name: 'Fault of Proxmox VE' })).toHaveValue(fault)
}

async function search(page: Page, text: string): Promise<void> {
  // The key that opens the palette closes it too: it must be gone first.
  await expect(page.getByRole('textbox', { name: 'Search and commands' })).toHaveCount(0)
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('textbox', { name: 'Search and commands' }).fill(text)
}
