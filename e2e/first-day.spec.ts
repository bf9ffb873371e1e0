// A new user's whole path: start, open the demo lab, see it, find a database server, query a million galaxies,
// plot, export, lose the network, start again, and still read it all.
import { readFileSync } from 'node:fs'
import { expect, test } from './fixtures.ts'
import { chooseDatabase, expectAccessible, goTo, openDemoLab, runSql } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

test("a new user's whole path", async ({ meridian }) => {
  test.setTimeout(480_000)
  let { page } = meridian

  await test.step('welcome, and into the demo lab', async () => {
    await expect(page.getByRole('heading', { name: 'Your whole lab, in one window' })).toBeVisible()
    await page.screenshot({ path: picture('welcome') })
    await openDemoLab(page)
    for (const kind of ['proxmox', 'pbs', 'kubernetes']) await expect(page.getByTestId(`source-${kind}`)).toHaveAttribute('data-state', 'live')
  })

  await test.step('the map shows seven nodes and thirty guests', async () => {
    for (const node of ['node01', 'node07']) await expect(page.locator(`[data-entity="${node}"]`).first()).toBeVisible()
    await page.screenshot({ path: picture('map') })
    await goTo(page, 'Inventory')
    await expect(page.getByRole('tab', { name: 'Nodes 7' })).toBeVisible()
    await expect(page.getByRole('tab', { name: /^Guests 3\d/ })).toBeVisible()
    await page.screenshot({ path: picture('inventory') })
  })

  await test.step('proj-pg01 is found by the palette, with its neighbours and their evidence', async () => {
    await page.keyboard.press('ControlOrMeta+k')
    await page.getByRole('textbox', { name: 'Search and commands' }).fill('proj-pg01')
    await page.getByRole('button', { name: /proj-pg01 guest/ }).first().click()
    const details = page.getByRole('complementary', { name: 'Details of proj-pg01' })
    await expect(details).toBeVisible()
    await expect(details.getByText('2002', { exact: true })).toBeVisible()
    await page.screenshot({ path: picture('map-details') })
  })

  await test.step('quasars between z 2 and 3', async () => {
    await goTo(page, 'SQL')
    await chooseDatabase(page, 'proj-pg01')
    await expect(page.getByRole('treeitem', { name: /^zpix/ }).first()).toBeVisible({ timeout: 60_000 })
    await runSql(
      page,
      "SELECT targetid, mean_fiber_ra, mean_fiber_dec, z, zerr, zwarn, spectype\nFROM zpix\nWHERE spectype = 'QSO' AND z BETWEEN 2 AND 3 AND zwarn = 0;",
    )
    const status = page.getByTestId('result-status')
    await expect(status).toHaveAttribute('data-state', 'done', { timeout: 60_000 })
    const rows = Number((await status.locator('b').textContent())!.replaceAll(/\D/g, ''))
    expect(rows).toBeGreaterThan(1000)
    await expect(page.getByRole('grid', { name: 'Result rows' })).toHaveAttribute('aria-rowcount', String(rows + 1))
    const id = await page.getByRole('gridcell').first().textContent()
    expect(BigInt(id!)).toBeGreaterThan(2n ** 53n)
    await page.screenshot({ path: picture('sql') })
  })

  await test.step('plots', async () => {
    await page.getByText('Histogram', { exact: true }).click()
    await expect(page.getByTestId('histogram').locator('canvas')).toBeVisible()
    await expect(page.getByTestId('plot-status')).toContainText('rows drawn')
    await page.screenshot({ path: picture('histogram') })
    await page.getByText('Scatter', { exact: true }).click()
    await expect(page.getByTestId('scatter').locator('canvas')).toBeVisible()
    await page.screenshot({ path: picture('scatter') })
    await page.getByText('Sky', { exact: true }).click()
    await expect(page.getByTestId('sky')).toBeVisible()
    await expect.poll(() => paintedPixels(page)).toBeGreaterThan(500)
    await page.screenshot({ path: picture('sky') })
    await page.getByText('Rows', { exact: true }).click()
  })

  await test.step('export as CSV, Parquet and Arrow', async () => {
    for (const [format, starts] of [['CSV', '"targetid",'], ['Parquet', 'PAR1'], ['Arrow', '']] as const) {
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export' }).click()
      await page.getByRole('menuitem', { name: format }).click()
      const path = await (await download).path()
      const bytes = readFileSync(path)
      expect(bytes.length).toBeGreaterThan(1000)
      expect(bytes.subarray(0, starts.length).toString()).toBe(starts)
    }
  })

  await test.step('saved under a name', async () => {
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Quasars, z 2 to 3')
    await page.getByRole('button', { name: 'Save the result' }).click()
    await expect(page.getByTestId('result-status')).toContainText('saved as “Quasars, z 2 to 3”')
  })

  await test.step('offline: after a restart without the lab everything is still there, with its age', async () => {
    page = await meridian.restart()
    await page.getByRole('link', { name: 'Topology' }).click()
    await expect(page.getByTestId('offline-banner')).toBeVisible({ timeout: 60_000 })
    await expect(page.locator('[data-entity="node01"]').first()).toBeVisible()
    await page.screenshot({ path: picture('offline-map') })
    await goTo(page, 'SQL')
    await page.getByText('History', { exact: true }).click()
    await page.getByRole('button', { name: 'Open Quasars, z 2 to 3' }).click()
    await expect(page.getByTestId('result-status')).toHaveAttribute('data-state', 'done', { timeout: 30_000 })
    expect(BigInt((await page.getByRole('gridcell').first().textContent())!)).toBeGreaterThan(2n ** 53n)
    await page.screenshot({ path: picture('offline-sql') })
  })

  await test.step('every write is in the audit log', async () => {
    await goTo(page, 'Audit log')
    await expect(page.getByText('Run a statement').first()).toBeVisible()
    await page.screenshot({ path: picture('audit') })
    await expectAccessible(page)
  })
})

/** Coloured pixels of the sky map, grid lines and letters aside. */
const paintedPixels = (page: import('@playwright/test').Page): Promise<number> =>
  page.getByTestId('sky').evaluate((element) => {
    const canvas = element as HTMLCanvasElement
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    let painted = 0
    for (let at = 0; at < data.length; at += 4) if (data[at + 3]! > 200 && Math.max(data[at]!, data[at + 1]!, data[at + 2]!) > 120) painted += 1
    return painted
  })
