// A day with the cluster: is it well, why does a pod not run, its logs, scale, forward a port, empty a node.
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'
import type { Page } from '@playwright/test'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

const kinds = (page: Page) => page.getByRole('navigation', { name: 'Kubernetes' })
async function openKind(page: Page, title: string): Promise<void> {
  await kinds(page).getByRole('button', { name: title, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
  await expect(page.getByTestId('rows-state')).toHaveAttribute('data-state', 'live', { timeout: 30_000 })
}
const details = (page: Page) => page.getByRole('complementary', { name: /^Details of/ })

const hungry = `apiVersion: v1
kind: Pod
metadata:
  name: too-hungry
  namespace: default
spec:
  containers:
    - name: main
      image: nginx:1.29
      resources:
        requests: { cpu: "900" }
`

test('a day with the cluster', async ({ meridian }) => {
  test.setTimeout(300_000)
  const { page } = meridian
  await openDemoLab(page)

  await test.step('the cluster at a glance', async () => {
    await goTo(page, 'Kubernetes')
    const overview = page.getByRole('region', { name: 'Cluster overview' })
    await expect(overview.getByRole('button', { name: /^Nodes 4/ })).toBeVisible({ timeout: 60_000 })
    await expect(overview.getByText('Warnings of the last hour')).toBeVisible()
    await expect(overview.getByRole('img', { name: /^CPU: .* requested/ }).first()).toBeVisible()
    await page.screenshot({ path: picture('kubernetes-overview') })
    await expectAccessible(page)
  })

  await test.step('a pod: owners, where it stands, YAML, by keys', async () => {
    await openKind(page, 'Pods')
    await page.getByRole('textbox', { name: 'Filter' }).fill('void-notebooks')
    const grid = page.getByRole('grid', { name: 'Pods' })
    await grid.getByRole('gridcell', { name: /^void-notebooks-/ }).first().click()
    await expect(details(page).getByRole('button', { name: /Deployment void-notebooks/ })).toBeVisible({ timeout: 30_000 })
    await expect(details(page).getByText('Where it stands')).toBeVisible()
    await expect(details(page).getByText('on host')).toBeVisible()
    await page.screenshot({ path: picture('kubernetes-pod') })
    await expectAccessible(page)
    await grid.focus()
    await page.keyboard.press('y')
    await expect(details(page).getByRole('textbox', { name: /^YAML of void-notebooks/ })).toContainText('kind: Pod')
  })

  await test.step('its log: follow, search, filter', async () => {
    await page.getByRole('grid', { name: 'Pods' }).focus()
    await page.keyboard.press('l')
    const log = page.getByRole('region', { name: /^Logs of Pod void-notebooks/ })
    await expect(log.getByTestId('log-state')).toHaveAttribute('data-state', 'reading', { timeout: 30_000 })
    await expect.poll(() => log.getByRole('log').innerText()).toMatch(/\d\d:\d\d:\d\d/)
    const word = /([A-Za-z]{5,})/.exec((await log.getByRole('log').innerText()).split('\n').at(-1)!)![1]!
    await log.getByRole('textbox', { name: 'Search the log' }).fill(word)
    await expect(log.locator('mark').first()).toBeVisible()
    await page.screenshot({ path: picture('kubernetes-logs') })
    const download = page.waitForEvent('download')
    await log.getByRole('button', { name: 'Save to a file' }).click()
    expect((await download).suggestedFilename()).toMatch(/^void-notebooks-.*\.log$/)
    await log.getByRole('button', { name: 'Close the log' }).click()
  })

  await test.step('scale a deployment', async () => {
    await openKind(page, 'Deployments')
    await page.getByRole('textbox', { name: 'Filter' }).fill('void-notebooks')
    await page.getByRole('gridcell', { name: 'void-notebooks', exact: true }).click()
    await details(page).getByRole('button', { name: 'Scale' }).click()
    const dialog = page.getByRole('dialog', { name: 'Scale void-notebooks' })
    await dialog.getByRole('textbox', { name: 'Pods' }).fill('2')
    await dialog.getByRole('button', { name: 'Scale to 2' }).click()
    await expect(page.getByRole('gridcell', { name: /^\d\/2$/ })).toBeVisible({ timeout: 30_000 })
    await page.screenshot({ path: picture('kubernetes-deployment') })
  })

  await test.step('a manifest that no node can take, and why', async () => {
    await openKind(page, 'Pods')
    await page.getByRole('button', { name: 'Apply a manifest' }).click()
    const dialog = page.getByRole('dialog', { name: 'Apply a manifest' })
    await dialog.getByRole('textbox', { name: 'Manifest', exact: true }).click()
    await page.keyboard.insertText(hungry)
    await dialog.getByRole('button', { name: 'Check with the server' }).click()
    await expect(dialog.getByText('Pod default/too-hungry would be applied.')).toBeVisible()
    await dialog.getByRole('button', { name: 'Apply', exact: true }).click()
    await expect(dialog.getByText('Pod default/too-hungry was applied.')).toBeVisible()
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await page.getByRole('textbox', { name: 'Filter' }).fill('too-hungry')
    await page.getByRole('gridcell', { name: 'too-hungry', exact: true }).click()
    await expect(details(page).getByTestId('why')).toContainText('not enough free CPU (it asks for 900)', { timeout: 30_000 })
    await page.screenshot({ path: picture('kubernetes-why') })
    await details(page).getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const question = page.getByRole('dialog', { name: 'Delete Pod too-hungry?' })
    await expect(question.getByRole('button', { name: 'Delete too-hungry' })).toBeDisabled()
    await question.getByRole('textbox').fill('too-hungry')
    await question.getByRole('button', { name: 'Delete too-hungry' }).click()
    await expect(details(page).getByText('It is gone')).toBeVisible({ timeout: 60_000 })
  })

  await test.step('the Ray dashboard by a forwarded port', async () => {
    await openKind(page, 'Services')
    await page.getByRole('textbox', { name: 'Filter' }).fill('qad-head-svc')
    await page.getByRole('gridcell', { name: 'qad-head-svc', exact: true }).click()
    await details(page).getByRole('button', { name: 'Forward a port' }).click()
    const dialog = page.getByRole('dialog', { name: 'Forward a port of qad-head-svc' })
    await dialog.getByRole('combobox').click()
    await page.getByRole('option', { name: /^8265/ }).click()
    await dialog.getByRole('button', { name: 'Forward', exact: true }).click()
    const done = page.getByRole('dialog', { name: 'The port is forwarded' })
    const address = (await done.locator('code').innerText()).trim()
    const answer = await fetch(`${address}/api/version`)
    expect(await answer.json()).toHaveProperty('ray_version')
    await done.getByRole('button', { name: 'All forwarded ports' }).click()
    const list = page.getByRole('region', { name: 'Forwarded ports' })
    await expect(list.getByText(/1 so far|0 now/).first()).toBeVisible()
    await page.screenshot({ path: picture('kubernetes-forwards') })
    await expectAccessible(page)
    await list.getByRole('button', { name: 'Stop' }).click()
    await expect(page.getByText('No port is forwarded')).toBeVisible()
  })

  await test.step('a node is emptied and takes pods again', async () => {
    await openKind(page, 'Nodes')
    await page.getByRole('gridcell', { name: 'proj-k8s04', exact: true }).click()
    await expect(details(page).getByText('What its pods ask for')).toBeVisible({ timeout: 30_000 })
    await details(page).getByRole('button', { name: 'Drain' }).click()
    const dialog = page.getByRole('dialog', { name: 'Drain proj-k8s04' })
    await expect(dialog.getByText(/of its \d+ pods leave/)).toBeVisible({ timeout: 30_000 })
    await page.screenshot({ path: picture('kubernetes-drain') })
    const agree = dialog.getByRole('checkbox')
    if (await agree.isVisible()) await agree.check()
    await dialog.getByRole('textbox', { name: /to confirm/ }).fill('proj-k8s04')
    await dialog.getByRole('button', { name: 'Drain proj-k8s04' }).click()
    await expect(dialog.getByText(/proj-k8s04 is drained/)).toBeVisible({ timeout: 120_000 })
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await details(page).getByRole('button', { name: 'Uncordon' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Uncordon' }).click()
    await expect(details(page).getByRole('button', { name: 'Cordon', exact: true })).toBeVisible({ timeout: 30_000 })
  })

  await test.step('every change is in the audit log', async () => {
    await goTo(page, 'Audit log')
    for (const subject of ['Scale Deployment desi-voids/void-notebooks to 2', 'Delete Pod default/too-hungry']) await expect(page.getByText(subject).first()).toBeVisible()
  })
})
