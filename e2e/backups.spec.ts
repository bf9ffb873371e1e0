// An admin's morning: what is not protected, why the promise cannot hold, one backup verified, protected and forgotten,
// a job run, a copy asked back from the archive, and all of it readable while the backup server is away.
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

test('backups: coverage, actions, targets, off site, offline', async ({ meridian }) => {
  test.setTimeout(400_000)
  const { page } = meridian
  const tab = (name: string) => page.getByRole('tab', { name, exact: true }).click()
  const coverage = page.getByRole('grid', { name: 'Coverage' })
  const headline = page.locator('.coverage-headline')

  await test.step('in ten seconds: who is not protected, and which promise no schedule keeps', async () => {
    await openDemoLab(page)
    await page.keyboard.press('ControlOrMeta+6')
    await expect(headline).toHaveText(/^\d+ of 32 guests and databases meet RPO 4 h; failed: proj-milvus01; 8 leave disks out\.$/, { timeout: 60_000 })
    const first = coverage.getByRole('row').nth(1)
    await expect(first).toContainText('proj-milvus01')
    await expect(first).toContainText('Failed')
    const promises = page.getByRole('list', { name: 'Promises and proof' })
    await expect(promises).toContainText('up to 1 d lie between two backups, so an RPO of 4 h cannot be kept')
    await expect(promises).toContainText(/Missing: proj-milvus01/)
    await expect(page.locator('.day-mark[data-state="failed"]').first()).toBeVisible()
    await page.screenshot({ path: picture('backups-coverage') })
    await expectAccessible(page)
  })

  await test.step('one guest: its days, its failures in words, its jobs', async () => {
    await coverage.getByText('proj-milvus01').first().click()
    const details = page.getByRole('complementary', { name: 'Coverage of proj-milvus01' })
    await expect(details).toContainText("VM 2017 qmp command 'backup' failed - got timeout")
    await expect(details).toContainText('backup-daily-vm')
    await page.getByText('Databases', { exact: true }).click()
    await coverage.getByText('proj-pg01').first().click()
    const database = page.getByRole('complementary', { name: 'Coverage of proj-pg01' })
    await expect(database.getByRole('list', { name: 'Evidence' })).toContainText(/archive_mode is off|archives its write-ahead log|set to archive/)
    await page.screenshot({ path: picture('backups-details') })
    await expectAccessible(page)
  })

  await test.step('datastores: fill, deduplication, collection', async () => {
    await tab('Datastores')
    const store = page.getByRole('region', { name: 'Datastore datastore01' })
    await expect(store).toContainText('factor 9.4')
    await expect(store).toContainText(/\d+ % full/)
    await expect(store.locator('canvas')).toBeVisible()
    await page.screenshot({ path: picture('backups-datastores') })
    await expectAccessible(page)
  })

  await test.step('a backup is verified again, protected, and only forgotten with its group typed', async () => {
    await tab('Backups')
    await page.getByRole('textbox', { name: 'Filter' }).fill('vm/2021')
    await page.getByRole('grid', { name: 'Groups of backups' }).getByText('vm/2021').click()
    const list = page.getByRole('complementary', { name: 'Backups of vm/2021' })
    const backups = list.getByRole('list', { name: 'Backups' }).getByRole('listitem')
    await expect(backups).toHaveCount(7)
    await backups.first().getByRole('button', { name: /^Actions for the backup/ }).click()
    await page.getByRole('menuitem', { name: 'Verify…' }).click()
    await page.getByRole('button', { name: 'Verify', exact: true }).click()
    await expect(page.getByText(/Verify vm\/2021 of/).first()).toBeVisible({ timeout: 20_000 })
    const oldest = backups.last()
    const act = async (action: string): Promise<void> => {
      await oldest.getByRole('button', { name: /^Actions for the backup/ }).click()
      await page.getByRole('menuitem', { name: action }).click()
    }
    await act('Protect')
    await expect(oldest.getByRole('img', { name: 'Protected' })).toBeVisible({ timeout: 20_000 })
    await oldest.getByRole('button', { name: /^Actions for the backup/ }).click()
    await expect(page.getByRole('menuitem', { name: 'Forget…' })).toHaveAttribute('aria-disabled', 'true')
    await page.keyboard.press('Escape')
    await act('Take protection off')
    await expect(oldest.getByRole('img', { name: 'Protected' })).toHaveCount(0, { timeout: 20_000 })
    await act('Forget…')
    const forget = page.getByRole('button', { name: 'Forget it' })
    await expect(forget).toBeDisabled()
    await page.getByRole('textbox', { name: /Type “vm\/2021” to confirm/ }).fill('vm/2021')
    await forget.click()
    await expect(backups).toHaveCount(6, { timeout: 20_000 })
    await page.screenshot({ path: picture('backups-groups') })
    await expectAccessible(page)
  })

  await test.step('a prune shows first what would go', async () => {
    await page.getByRole('button', { name: 'Prune…' }).click()
    await page.getByRole('textbox', { name: 'Keep daily' }).fill('2')
    await page.getByRole('button', { name: 'Preview' }).click()
    await expect(page.getByRole('region', { name: 'Preview' }).getByText('goes')).toHaveCount(4)
    await page.screenshot({ path: picture('backups-prune') })
    await page.getByRole('textbox', { name: /4 of 6 go/ }).fill('vm/2021')
    await page.getByRole('button', { name: 'Prune', exact: true }).click()
    await expect(page.getByRole('complementary', { name: 'Backups of vm/2021' }).getByRole('list', { name: 'Backups' }).getByRole('listitem')).toHaveCount(2, { timeout: 20_000 })
  })

  await test.step('a job runs now', async () => {
    await tab('Jobs')
    const jobs = page.getByRole('grid', { name: 'Jobs' })
    await expect(jobs.getByRole('row').filter({ hasText: 'backup-daily-vm' })).toContainText('1 of its guests failed')
    await page.getByRole('button', { name: 'Run now: prune-host' }).click()
    await page.getByRole('button', { name: 'Run it now' }).click()
    await expect(page.getByText('Run the prune job prune-host').first()).toBeVisible({ timeout: 20_000 })
    await page.screenshot({ path: picture('backups-jobs') })
    await expectAccessible(page)
  })

  await test.step('an archived copy is asked back', async () => {
    await tab('Off site')
    await page.getByRole('grid', { name: 'Off-site copies' }).getByText('mgmt-repo01').click()
    const copies = page.getByRole('complementary', { name: 'Off-site copies of mgmt-repo01' })
    await expect(copies).toContainText('Glacier Flexible')
    await copies.getByRole('button', { name: 'Ask the weekly copy back…' }).click()
    await expect(page.getByText(/Takes 3 to 5 hours/)).toBeVisible()
    await page.screenshot({ path: picture('backups-restore') })
    await page.getByRole('button', { name: 'Ask it back' }).click()
    await expect(copies).toContainText('being restored', { timeout: 20_000 })
    await page.screenshot({ path: picture('backups-offsite') })
    await expectAccessible(page)
  })

  await test.step('other targets, another judgement', async () => {
    await page.getByRole('button', { name: 'Targets' }).click()
    await page.getByRole('textbox', { name: 'RPO, hours' }).fill('24')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Save the targets' }).click()
    await tab('Coverage')
    await expect(headline).toHaveText(/^31 of 32 guests and databases meet RPO 24 h/, { timeout: 20_000 })
    await page.screenshot({ path: picture('backups-targets') })
  })

  await test.step('the backup server goes: what is known stays, with its age and no colour that it has not', async () => {
    await goTo(page, 'Settings')
    await page.getByRole('tab', { name: 'Demo lab' }).click()
    await page.getByRole('combobox', { name: 'Fault of Proxmox Backup Server' }).click()
    await page.getByRole('option', { name: 'Cuts connections' }).click()
    await goTo(page, 'Backups')
    await page.getByRole('button', { name: 'Read the backups again' }).click()
    await expect(page.locator('.backups-troubles')).toContainText(/pbs01 is known as of/, { timeout: 60_000 })
    await expect(coverage.getByRole('row').nth(1)).toBeVisible()
    await tab('Datastores')
    await page.getByRole('button', { name: 'Collect garbage' }).focus()
    await expect(page.getByRole('tooltip').filter({ hasText: 'does not answer' })).toBeVisible()
    await page.screenshot({ path: picture('backups-offline') })
  })
})
