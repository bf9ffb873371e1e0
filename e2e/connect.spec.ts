// Connecting a lab of one's own: vault, a site, a connection that cannot work and says why, a bad kubeconfig, and
// removal by typed name. No secret comes back to the page.
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { goTo } from './steps.ts'

const passphrase = 'correct horse battery staple'
const tokenSecret = '5eC2e7-t0k3n-never-shown'

test('a site of one’s own, tested step by step', async ({ meridian, shell }) => {
  const { page } = meridian
  const frames: string[] = []
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(payload.toString())))

  await test.step('the vault', async () => {
    await goTo(page, 'Settings')
    await page.getByRole('tab', { name: 'Vault' }).click()
    test.skip(shell === 'desktop' && !(await page.getByRole('button', { name: 'Create the vault' }).isVisible()), 'the OS keychain guards the vault here')
    await page.getByLabel('New passphrase', { exact: true }).fill(passphrase)
    await page.getByLabel('New passphrase, once more').fill(passphrase)
    await page.getByRole('button', { name: 'Create the vault' }).click()
    await expect(page.getByRole('button', { name: 'Lock now' })).toBeVisible()
  })

  await test.step('a site and a Proxmox connection that cannot be reached', async () => {
    await goTo(page, 'Connections')
    await page.getByRole('button', { name: 'New site' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('My lab')
    await page.getByRole('button', { name: 'Make the site' }).click()
    const card = page.getByRole('region', { name: 'Site My lab' })
    await card.getByRole('button', { name: 'Add a connection' }).click()
    await page.getByRole('menuitem', { name: 'Proxmox VE' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('pve')
    await dialog.getByRole('textbox', { name: 'Address' }).fill('https://127.0.0.1:9')
    await dialog.getByRole('textbox', { name: 'Token id' }).fill('meridian@pve!desktop')
    await dialog.getByLabel('Secret', { exact: true }).fill(tokenSecret)
    await dialog.getByRole('button', { name: 'Test', exact: true }).click()
    await expect(dialog.getByTestId('step-tcp')).toHaveAttribute('data-state', 'failed', { timeout: 30_000 })
    await expect(dialog.getByRole('alert')).toBeVisible()
    await page.screenshot({ path: new URL('../test-results/screens/connection-test.png', import.meta.url).pathname })
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(card.getByText('https://127.0.0.1:9')).toBeVisible()
  })

  await test.step('a kubeconfig that is none is refused in words', async () => {
    await page.getByRole('region', { name: 'Site My lab' }).getByRole('button', { name: 'Add a connection' }).click()
    await page.getByRole('menuitem', { name: 'Kubernetes' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Kubeconfig' }).fill('<html><body>Log in first</body></html>')
    await expect(dialog.getByRole('alert')).toBeVisible()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
  })

  await test.step('lock and unlock', async () => {
    await page.getByRole('button', { name: 'Lock Meridian' }).click()
    await expect(page.getByRole('heading', { name: 'Meridian is locked' })).toBeVisible()
    await page.getByLabel('Passphrase').fill('wrong one')
    await page.getByRole('button', { name: 'Unlock' }).click()
    await expect(page.getByRole('alert')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Unlock', exact: true })).toBeVisible({ timeout: 60_000 })
    await page.getByLabel('Passphrase').fill(passphrase)
    await page.getByRole('button', { name: 'Unlock' }).click()
    await expect(page.getByRole('heading', { name: 'Connections' })).toBeVisible()
  })

  await test.step('removal wants the name', async () => {
    await page.getByRole('button', { name: 'More for My lab' }).click()
    await page.getByRole('menuitem', { name: 'Remove…' }).click()
    const remove = page.getByRole('button', { name: 'Remove the site' })
    await expect(remove).toBeDisabled()
    await page.getByRole('textbox', { name: /Type/ }).fill('My lab')
    await remove.click()
    await expect(page.getByRole('region', { name: 'Site My lab' })).toHaveCount(0)
  })

  await test.step('nothing of it is left where the page can see', async () => {
    // The last one is there for sure: it proves that the search sees anything at all.
    if (shell === 'loopback') expect(await searchMemory(page, [tokenSecret, passphrase, 'Audit log'])).toEqual(['Audit log'])
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
    expect(kept).not.toContain(tokenSecret)
  })
  expect(frames.join('\n')).not.toContain(tokenSecret)
  expect(frames.join('\n')).not.toContain(passphrase)
  expect(await page.content()).not.toContain(tokenSecret)
  expect(meridian.output()).not.toContain(tokenSecret)
})

/** Which of the texts are in the page's heap after a garbage collection, read as V8's own snapshot. */
async function searchMemory(page: Page, texts: readonly string[]): Promise<string[]> {
  const devtools = await page.context().newCDPSession(page)
  const found = new Set<string>()
  let tail = ''
  devtools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    const window = tail + chunk
    for (const text of texts) if (window.includes(text)) found.add(text)
    tail = window.slice(-200)
  })
  await devtools.send('HeapProfiler.enable')
  for (let round = 0; round < 3; round += 1) await devtools.send('HeapProfiler.collectGarbage')
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await devtools.detach()
  return [...found]
}
