// Acting on guests as a person does it: one is looked at, stopped by its name, started, snapshot, configured and moved;
// several are acted on together; a read-only site refuses; everything is found again in the tasks and the audit log.
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

test('acting on guests', async ({ meridian }) => {
  test.setTimeout(300_000)
  const { page } = meridian
  await openDemoLab(page)

  await test.step('a guest has a page with its present state and its performance', async () => {
    await openGuest(page, 'proj-dev02')
    await expect(page.getByRole('heading', { name: 'proj-dev02 2021' })).toBeVisible()
    await expect(page.getByRole('region', { name: 'State' })).toContainText('running')
    await expect(page.getByRole('img', { name: /^CPU: Used \d+ %/ })).toBeVisible()
    await page.screenshot({ path: picture('guest-summary') })
    await expectAccessible(page)
    await page.getByRole('tab', { name: 'Performance' }).click()
    for (const period of ['Day', 'Week', 'Month', 'Year']) {
      await page.getByText(period, { exact: true }).click()
      await expect(page.getByRole('img', { name: /^Memory: Used .*GiB/ })).toBeVisible()
    }
    await page.screenshot({ path: picture('guest-performance') })
    await expectAccessible(page)
  })

  await test.step('its plug is pulled only with its name typed, and it is started again', async () => {
    await chooseAction(page, 'Stop…')
    const dialog = page.getByRole('dialog', { name: 'Stop proj-dev02 at once?' })
    await expect(dialog.getByRole('button', { name: 'Stop' })).toBeDisabled()
    await dialog.getByRole('textbox').fill('proj-dev02')
    await dialog.getByRole('button', { name: 'Stop' }).click()
    await expect(page.locator('.machine-head')).toContainText('stopped', { timeout: 30_000 })
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await expect(page.locator('.machine-head')).toContainText('running', { timeout: 30_000 })
  })

  await test.step('a snapshot is taken, its task followed in the drawer, and rolled back to', async () => {
    await page.getByRole('tab', { name: 'Snapshots' }).click()
    await page.getByRole('button', { name: 'Take a snapshot…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Snapshot of proj-dev02' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('before-upgrade')
    await dialog.getByRole('textbox', { name: 'Description' }).fill('kernel 6.8')
    await dialog.getByRole('button', { name: 'Take the snapshot' }).click()
    const task = page.getByRole('region', { name: 'Task: Snapshot before-upgrade of proj-dev02' })
    await expect(task).toContainText('Done', { timeout: 30_000 })
    await expect(task.getByRole('log')).toContainText('TASK OK')
    await expect(page.getByRole('list', { name: 'Snapshots' })).toContainText('before-upgrade')
    await page.screenshot({ path: picture('guest-snapshots') })
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Roll back to before-upgrade' }).click()
    const back = page.getByRole('dialog', { name: 'Roll proj-dev02 back to before-upgrade?' })
    await back.getByRole('textbox').fill('proj-dev02')
    await back.getByRole('button', { name: 'Roll back' }).click()
    await expect(page.getByRole('region', { name: 'Task: Roll proj-dev02 back to before-upgrade' })).toContainText('Done', { timeout: 40_000 })
    await page.getByRole('button', { name: 'Close the tasks' }).click()
    // It is started again by a task of its own.
    await page.getByRole('tab', { name: 'Summary' }).click()
    await expect(page.getByRole('region', { name: 'State' })).toContainText(/Running for\s*[\d.]+ s/, { timeout: 30_000 })
  })

  await test.step('the configuration is changed by its differences; what must wait says so', async () => {
    await page.getByRole('tab', { name: 'Configuration' }).click()
    const editor = page.getByRole('textbox', { name: 'Configuration of proj-dev02' })
    await expect(editor).toContainText('cores: 2')
    await editor.getByText('cores: 2').click()
    await page.keyboard.press('End')
    await page.keyboard.press('Backspace')
    await page.keyboard.type('4')
    await page.getByRole('button', { name: 'Review 1 change' }).click()
    const dialog = page.getByRole('dialog', { name: 'Changes to proj-dev02' })
    await expect(dialog).toContainText('Sets cores')
    await page.screenshot({ path: picture('guest-config-diff') })
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await expect(page.getByRole('table', { name: 'Pending changes' })).toContainText('2 → 4')
    await page.getByRole('button', { name: 'Take back cores' }).click()
    await expect(page.getByRole('table', { name: 'Pending changes' })).toBeHidden()
  })

  await test.step('it moves to another node, which the dialog has judged', async () => {
    await chooseAction(page, 'Migrate…')
    const dialog = page.getByRole('dialog', { name: 'Migrate proj-dev02' })
    await expect(dialog.getByRole('radio')).toHaveCount(6)
    await expect(dialog).toContainText('Nothing in the way')
    await page.screenshot({ path: picture('guest-migrate') })
    await expectAccessible(page)
    await dialog.getByRole('radio', { name: 'node07' }).check()
    await dialog.getByRole('button', { name: 'Migrate to node07' }).click()
    const task = page.getByRole('region', { name: 'Task: Migrate proj-dev02 to node07' })
    await expect(task).toContainText('Running')
    await expect(task.getByRole('log')).toContainText("starting migration of VM 2021 to node 'node07'")
    await expect(task).toContainText('Done', { timeout: 120_000 })
    await expect(page.locator('.machine-head')).toContainText('on node07', { timeout: 30_000 })
    await page.getByRole('button', { name: 'Close the tasks' }).click()
  })

  await test.step('several are acted on together, with one list of what became of each', async () => {
    await goTo(page, 'Inventory')
    await page.getByRole('tab', { name: /^Guests/ }).click()
    for (const name of ['proj-kasm01', 'proj-cisbench', 'proj-repo01']) {
      await page.getByRole('textbox', { name: 'Filter' }).fill(name)
      await page.getByRole('checkbox', { name: `Choose ${name}` }).check()
    }
    await page.getByRole('textbox', { name: 'Filter' }).fill('')
    const chosen = page.getByRole('region', { name: 'Chosen' })
    await expect(chosen).toContainText('3 chosen')
    await chosen.getByRole('button', { name: 'Shut down…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Shut down 2 guests' }).click()
    const results = page.getByRole('table', { name: 'Results' })
    await expect(results).toContainText('It is not running.')
    await expect(page.getByRole('dialog').getByRole('status')).toHaveText('2 done, 1 left out', { timeout: 60_000 })
    await page.screenshot({ path: picture('guests-bulk') })
    await expectAccessible(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  })

  await test.step('the palette acts too', async () => {
    await page.keyboard.press('ControlOrMeta+k')
    await page.getByRole('textbox', { name: 'Search and commands' }).fill('start proj-kasm01')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('tasks-status')).toContainText('running')
    await expect(page.getByTestId('tasks-status')).toHaveText('Tasks', { timeout: 30_000 })
  })

  await test.step('everything stands in the audit log with its own outcome', async () => {
    await goTo(page, 'Audit log')
    for (const text of ['Stop proj-dev02 (2021)', 'Migrate proj-dev02 to node07 (2021)', 'Start proj-kasm01 (4006)']) await expect(page.getByRole('main')).toContainText(text)
    await page.screenshot({ path: picture('guests-audit') })
  })

  await test.step('the same in the light', async () => {
    await page.getByRole('button', { name: 'Switch to the light theme' }).click()
    await openGuest(page, 'proj-dev02')
    await page.getByTestId('tasks-status').click()
    await expect(page.getByRole('region', { name: 'Tasks', exact: true })).toBeVisible()
    await page.screenshot({ path: picture('guest-light') })
    await expectAccessible(page)
  })
})

async function openGuest(page: Page, name: string): Promise<void> {
  await goTo(page, 'Inventory')
  await page.getByRole('tab', { name: /^Guests/ }).click()
  await page.getByRole('textbox', { name: 'Filter' }).fill(name)
  await page.getByRole('gridcell', { name, exact: true }).click()
  await page.getByRole('complementary', { name: `Details of ${name}` }).getByRole('button', { name: 'Open', exact: true }).click()
}

async function chooseAction(page: Page, name: string): Promise<void> {
  await page.locator('.machine-head').getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}
