// An assessment as a person makes it: run the checks, look at what fails and why, accept one risk, attest a safeguard,
// sign the whole off, verify the chain, and take the report home.
import { readFileSync } from 'node:fs'
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

test('the checks run, one risk is accepted, one safeguard attested, and the assessment is signed and exported', async ({ meridian }) => {
  test.setTimeout(480_000)
  const { page } = meridian
  await openDemoLab(page)
  await goTo(page, 'Compliance')
  await expect(page.getByText('Run the checks to see what fails.')).toBeVisible()

  await test.step('a run over all systems', async () => {
    await page.getByRole('button', { name: 'Run the checks' }).click()
    await expect(page.getByRole('region', { name: 'Run at work' })).toBeVisible()
    await expect(page.getByRole('region', { name: 'Newest run' })).toBeVisible({ timeout: 90_000 })
    await expect(page.getByRole('region', { name: 'Implementation group 1', exact: true })).toContainText('56 safeguards')
    await expect(page.getByRole('row', { name: /6\. Manage access rights/ })).toBeVisible()
    await expectAccessible(page)
    await page.screenshot({ path: picture('compliance') })
  })

  await test.step('a finding with its evidence', async () => {
    await page.getByRole('tab', { name: 'Findings' }).click()
    await page.getByText('Fail', { exact: true }).click()
    await page.getByRole('textbox', { name: 'Search the findings' }).fill('PVE-ACC-01')
    await page.getByRole('grid', { name: 'Findings' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { name: 'Every enabled person has a second factor' })).toBeVisible()
    await expect(page.getByRole('cell', { name: 'auditor@pve' })).toBeVisible()
    await page.getByRole('button', { name: 'Show the answer' }).first().click()
    await expect(page.getByRole('region', { name: 'Answer to GET /access/users?full=1' })).toContainText('auditor@pve')
    await expectAccessible(page)
    await page.screenshot({ path: picture('compliance-finding') })
  })

  await test.step('its risk is accepted, for one object, by another person', async () => {
    await page.getByRole('button', { name: 'Accept the risk…' }).click()
    await page.getByRole('textbox', { name: 'Reason' }).fill('The auditor gets a hardware key next month.')
    await page.getByRole('textbox', { name: 'Requested by' }).fill('Ada')
    await page.getByRole('textbox', { name: 'Approved by' }).fill('ada')
    await expect(page.getByText('Must be another person')).toBeVisible()
    await page.getByRole('textbox', { name: 'Approved by' }).fill('Grace')
    await page.getByRole('button', { name: 'Accept the risk', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'Accepted risks' })).toBeVisible()
    await expect(page.getByText('approved by Grace')).toBeVisible()
    await expect(page.getByText(/^.?accepted$/).first()).toBeVisible()
  })

  await test.step('a safeguard that no check can see is attested', async () => {
    await page.getByRole('tab', { name: 'Controls' }).click()
    await page.getByRole('button', { name: '14. Train people in security' }).click()
    await page.getByRole('button', { name: /^14\.1 / }).click()
    await page.getByRole('button', { name: 'Attest 14.1…' }).click()
    await page.getByRole('textbox', { name: 'Statement' }).fill('Everybody is trained each spring; the list is attached.')
    await page.getByRole('textbox', { name: 'Owner' }).fill('Grace')
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'File' }).click()])
    await chooser.setFiles({ name: 'training-2026.txt', mimeType: 'text/plain', buffer: Buffer.from('Ada, Grace, Cecilia\n') })
    await page.getByRole('button', { name: 'Attest', exact: true }).click()
    await expect(page.getByText('Attested by its owner.')).toBeVisible()
    await expect(page.getByRole('button', { name: 'training-2026.txt' })).toBeVisible()
    await page.screenshot({ path: picture('compliance-control') })
  })

  await test.step('signed off, and the chain holds', async () => {
    await page.getByRole('tab', { name: 'Sign-off' }).click()
    await page.getByRole('button', { name: 'Sign off the newest run…' }).click()
    await page.getByRole('textbox', { name: 'Signed by' }).fill('Grace')
    await page.getByRole('textbox', { name: 'Statement' }).fill('Looked through with the team.')
    const confirm = page.getByRole('textbox', { name: /to confirm/ })
    const label = await page.getByText(/^Type “.*” to confirm/).innerText()
    await confirm.fill(/“(.*)”/.exec(label)![1]!)
    await page.getByRole('button', { name: 'Sign off', exact: true }).click()
    await expect(page.getByRole('cell', { name: 'Looked through with the team.' })).toBeVisible()
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'The chain is intact' })).toBeVisible()
    await expectAccessible(page)
    await page.screenshot({ path: picture('compliance-signed') })
  })

  await test.step('the report as PDF', async () => {
    await page.getByRole('button', { name: 'Export' }).click()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Report as PDF' }).click()])
    expect(download.suggestedFilename()).toMatch(/^compliance-.*\.pdf$/)
    expect(download.suggestedFilename()).not.toContain('draft')
    expect(readFileSync(await download.path()).subarray(0, 5).toString()).toBe('%PDF-')
  })
})
