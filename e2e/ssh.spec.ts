// A day over SSH: a shell on the GPU guest, a host met for the first time, a second factor, files both ways, the GPU
// under load, and a port forward.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

async function openShell(page: Page, host: string): Promise<void> {
  await goTo(page, 'Consoles')
  await page.getByRole('button', { name: /^(Open a console…|New console)$/ }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Open a console' })
  await dialog.getByRole('textbox', { name: 'Target' }).fill(`${host} ssh`)
  await dialog.getByRole('button', { name: new RegExp(host) }).first().click()
}

/** What the terminal shows, by its own log: the letters are drawn, not written into the page. */
async function expectShown(page: Page, title: string, text: string): Promise<void> {
  await expect(async () => {
    const download = page.waitForEvent('download', { timeout: 5_000 })
    await page.getByRole('button', { name: `More of ${title}` }).click()
    await page.getByRole('menuitem', { name: 'Save the session log' }).click()
    expect(readFileSync(await (await download).path(), 'utf8')).toContain(text)
  }).toPass({ timeout: 30_000 })
}

test('SSH: shells, first use, second factor, files, GPU, forwards', async ({ meridian, dataDir }) => {
  test.setTimeout(400_000)
  const { page } = meridian
  await openDemoLab(page)

  await test.step('a shell on the GPU guest', async () => {
    await openShell(page, 'proj-gpu01')
    const pane = page.getByRole('region', { name: 'Console SSH proj-gpu01' })
    await expect(pane.locator('.xterm-helper-textarea')).toBeAttached({ timeout: 30_000 })
    await page.keyboard.type('uname -a\n')
    await expectShown(page, 'SSH proj-gpu01', 'Linux proj-gpu01')
    await page.screenshot({ path: picture('ssh-terminal') })
  })

  await test.step('a host is met for the first time: its key is compared, then confirmed', async () => {
    await openShell(page, 'proj-dev01')
    const dialog = page.getByRole('dialog', { name: 'First connection to SSH proj-dev01' })
    await expect(dialog).toContainText('SHA256:')
    await expect(dialog).toContainText('ssh-ed25519')
    await page.screenshot({ path: picture('ssh-first-use') })
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'The key is right: connect' }).click()
    await expect(page.getByRole('region', { name: 'Console SSH proj-dev01' }).locator('.xterm-helper-textarea')).toBeAttached({ timeout: 30_000 })
  })

  await test.step('a second factor is asked and answered', async () => {
    await openShell(page, 'mgmt-ansible01')
    const dialog = page.getByRole('dialog', { name: 'Log in to SSH mgmt-ansible01' })
    await expect(dialog).toContainText('authenticator')
    await page.screenshot({ path: picture('ssh-second-factor') })
    await dialog.getByLabel('Verification code').fill('314159')
    await dialog.getByRole('button', { name: 'Log in' }).click()
    await expect(page.getByRole('region', { name: 'Console SSH mgmt-ansible01' }).locator('.xterm-helper-textarea')).toBeAttached({ timeout: 30_000 })
  })

  await test.step('files go both ways', async () => {
    await goTo(page, 'Files')
    const grid = page.getByRole('grid', { name: 'Files in /home/astro' })
    await expect(grid).toBeVisible({ timeout: 30_000 })
    const sent = join(dataDir, 'upload.bin')
    const content = Buffer.from(Array.from({ length: 300_000 }, (_unused, index) => index % 251))
    writeFileSync(sent, content)
    await page.locator('input[type=file]').setInputFiles(sent)
    await expect(page.getByRole('region', { name: 'Uploads' })).toContainText('sent', { timeout: 30_000 })
    await grid.getByRole('gridcell', { name: 'upload.bin' }).click()
    const panel = page.getByRole('complementary', { name: 'About upload.bin' })
    await expect(panel).toContainText('300,000 bytes')
    const download = page.waitForEvent('download')
    await panel.getByRole('button', { name: 'Download' }).click()
    expect(readFileSync(await (await download).path()).equals(content)).toBe(true)
    await page.screenshot({ path: picture('ssh-files') })
    await expectAccessible(page)
    await panel.getByRole('button', { name: 'Delete…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await expect(grid.getByRole('gridcell', { name: 'upload.bin' })).toHaveCount(0)
  })

  await test.step('a host behind another one shows its files', async () => {
    await page.getByRole('combobox', { name: 'Host' }).click()
    await page.getByRole('option', { name: 'SSH proj-fs01' }).click()
    await expect(page.getByRole('grid', { name: 'Files in /home/astro' })).toBeVisible({ timeout: 30_000 })
  })

  await test.step('the GPU shows what it does, and more when it is given work', async () => {
    await goTo(page, 'GPU')
    const card = page.getByRole('region', { name: 'GPU 0' })
    await expect(card).toContainText('NVIDIA RTX A4000', { timeout: 30_000 })
    await expect(page.getByRole('figure', { name: 'Utilisation' }).locator('canvas')).toBeVisible()
    await expect(page.getByRole('table', { name: 'GPU processes' })).toContainText('ollama')
    await page.locator('.gpu-terminal .xterm-helper-textarea').focus()
    await page.keyboard.type('gpu-burn 600\n')
    await expect(card).toContainText('100 %', { timeout: 20_000 })
    const row = page.getByRole('row', { name: /gpu_burn/ })
    const pid = (await row.getByRole('cell').nth(1).textContent()) ?? ''
    await page.screenshot({ path: picture('gpu-console') })
    await expectAccessible(page)
    await row.getByRole('button', { name: `End process ${pid}` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: /Type/ }).fill(pid)
    await dialog.getByRole('button', { name: 'End it' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByRole('row', { name: /gpu_burn/ })).toHaveCount(0, { timeout: 20_000 })
  })

  await test.step('a port forward runs and is stopped', async () => {
    await goTo(page, 'Port forwards')
    await page.getByRole('button', { name: 'New forward' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'New port forward' })
    await dialog.getByText('SOCKS', { exact: true }).click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Into the lab')
    await dialog.getByRole('textbox', { name: 'Port', exact: true }).fill('19080')
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Start Into the lab' }).click()
    await expect(page.getByText('running', { exact: true })).toBeVisible({ timeout: 20_000 })
    await page.screenshot({ path: picture('ssh-forwards') })
    await page.getByRole('button', { name: 'Stop Into the lab' }).click()
    await expect(page.getByText('stopped', { exact: true })).toBeVisible()
  })
})
