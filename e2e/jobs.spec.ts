// From rows to a job to a table: void–galaxy statistics on a query's result, watched to its end; the table beside the
// query; a job that runs out of memory, told rightly; and everything of it readable after the lab has gone.
import { execFileSync } from 'node:child_process'
import { expect, test } from './fixtures.ts'
import { chooseDatabase, expectAccessible, goTo, openDemoLab, runSql } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

/** Containers of the demo lab are processes of this computer: they need its Python. */
const hasPython = ((): boolean => {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 9))'], { encoding: 'utf8' }).trim() === 'True'
  } catch {
    return false
  }
})()

test('from a query to a job to its table', async ({ meridian }) => {
  test.skip(!hasPython, 'there is no Python 3.9 on this computer for the lab’s containers')
  test.setTimeout(300_000)
  let { page } = meridian
  const state = () => page.getByTestId('job-state')

  await test.step('a query of bright galaxies', async () => {
    await openDemoLab(page)
    await goTo(page, 'SQL')
    await chooseDatabase(page, 'proj-pg01')
    await expect(page.getByRole('treeitem', { name: /^fastspecfit/ }).first()).toBeVisible({ timeout: 60_000 })
    await runSql(page, "SELECT targetid, z, logmstar, sfr FROM fastspecfit WHERE program = 'bright' AND zwarn = 0 AND logmstar > 9.5;")
    await expect(page.getByTestId('result-status')).toHaveAttribute('data-state', 'done', { timeout: 60_000 })
  })

  await test.step('the form: room first, fields with help, the manifest beside', async () => {
    await page.getByRole('button', { name: 'Use in a job' }).click()
    await expect(page.getByRole('combobox', { name: 'Template' })).toHaveValue('Void–galaxy statistics')
    const places = page.getByRole('radiogroup', { name: 'Where it runs' })
    await expect(places.getByRole('radio', { name: /Kubernetes Job/ })).toContainText('free')
    await expect(places.getByRole('radio', { name: /proj-gpu01/ })).toContainText('GPUs')
    await expect(page.getByRole('combobox', { name: 'Schema of the snapshot' })).toHaveValue('scratch')
    const manifest = page.getByRole('textbox', { name: 'Manifest' })
    await expect(manifest).toContainText('kind: Job')
    await expect(manifest).toContainText('namespace: desi-voids')
    await page.getByRole('textbox', { name: 'Mass bin' }).fill('9')
    await expect(page.getByText('At most 2.')).toBeVisible()
    await page.getByRole('textbox', { name: 'Mass bin' }).fill('0.25')
    await expect(page.getByText('At most 2.')).toBeHidden()
    await page.screenshot({ path: picture('jobs-new') })
    await expectAccessible(page)
  })

  await test.step('the server’s own opinion, at the field that it is about', async () => {
    await page.getByRole('textbox', { name: 'Name' }).fill('Voids and walls')
    await page.getByRole('button', { name: 'Check with the server' }).click()
    await expect(page.getByTestId('check-verdict')).toHaveText('The API server would take it.')
  })

  await test.step('submitted, watched, succeeded', async () => {
    await page.getByRole('button', { name: 'Submit the job' }).click()
    await expect(page.getByRole('complementary', { name: 'Details of Voids and walls' })).toBeVisible()
    await expect(state()).toHaveAttribute('data-state', 'succeeded', { timeout: 60_000 })
    const log = page.getByRole('log', { name: 'Log' })
    await expect(log).toContainText('galaxies with an environment by VoidFinder')
    await expect(log).toContainText('a result table of')
    await page.screenshot({ path: picture('jobs') })
    await expectAccessible(page)
    await page.getByRole('tab', { name: /^Events/ }).click()
    await expect(page.getByText('SuccessfulCreate')).toBeVisible()
    await page.getByRole('tab', { name: 'Order' }).click()
    await expect(page.getByText(/^table scratch\.meridian_/)).toBeVisible()
  })

  await test.step('the table beside its query, as rows and as a plot', async () => {
    await page.getByRole('button', { name: 'Open the result' }).click()
    const grid = page.getByRole('grid', { name: 'Result rows' })
    await expect(grid.getByText('quenched_fraction').first()).toBeVisible()
    await expect(page.getByRole('gridcell').first()).toHaveText('void')
    await page.screenshot({ path: picture('jobs-result') })
    await page.getByText('Scatter', { exact: true }).click()
    await expect(page.getByTestId('scatter').locator('canvas')).toBeVisible()
    await page.getByText('Rows', { exact: true }).click()
    await page.getByRole('button', { name: 'Its query' }).click()
    await page.getByRole('button', { name: 'Job results 1' }).click()
    await expect(page.getByRole('menuitem', { name: /^Voids and walls/ })).toBeVisible()
    await page.keyboard.press('Escape')
  })

  await test.step('on the GPU machine over SSH, again with changes', async () => {
    await goTo(page, 'Jobs')
    await page.getByRole('row', { name: /Voids and walls/ }).click()
    await page.getByRole('button', { name: 'Run again with changes' }).click()
    await page.getByRole('radio', { name: /proj-gpu01/ }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Voids on the GPU machine')
    await page.getByRole('button', { name: 'Submit the job' }).click()
    await expect(state()).toHaveAttribute('data-state', 'succeeded', { timeout: 60_000 })
    await expect(page.getByRole('button', { name: 'Open the result' })).toBeVisible()
  })

  await test.step('a job that needs more memory than it asked for says so', async () => {
    await page.getByRole('button', { name: 'New job' }).click()
    await page.getByRole('combobox', { name: 'Template' }).click()
    await page.getByRole('option', { name: 'Python script' }).click()
    await page.getByRole('radio', { name: /Kubernetes Job/ }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Too greedy')
    await page.getByRole('textbox', { name: 'Script' }).fill('job.say("filling")\ndata = []\nwhile True:\n    data.append(bytearray(8 * 2**20))\n')
    await page.getByRole('textbox', { name: 'Memory' }).fill('96')
    await page.getByRole('button', { name: 'Submit the job' }).click()
    await expect(state()).toHaveAttribute('data-state', 'failed', { timeout: 60_000 })
    await expect(state()).toContainText('OOM-killed: it used more memory than its limit of 96Mi')
  })

  await test.step('offline: order, events and log are still there', async () => {
    page = await meridian.restart()
    await page.getByRole('link', { name: 'Topology' }).click()
    await expect(page.getByTestId('offline-banner')).toBeVisible({ timeout: 60_000 })
    await goTo(page, 'Jobs')
    await page.getByRole('row', { name: /Voids and walls/ }).click()
    await expect(page.getByRole('log', { name: 'Log' })).toContainText('galaxies with an environment by VoidFinder')
    await page.getByRole('tab', { name: 'Manifest' }).click()
    await expect(page.getByRole('textbox', { name: 'Manifest as sent' })).toContainText('meridian.io/source-sha256')
    await page.screenshot({ path: picture('jobs-offline') })
  })
})
