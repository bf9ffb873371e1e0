// Consoles as an administrator uses them: the screen of a guest that reacts to keys, the shell of a node, a shell in a
// pod; side by side, searched, pasted into with a question first, moved to a window of its own.
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'

const picture = (name: string): string => new URL(`../test-results/screens/${name}.png`, import.meta.url).pathname

/** Opens a console by the picker: the first that the words find. */
async function openConsole(page: Page, words: string): Promise<void> {
  await page.getByRole('button', { name: /^(New console|Open a console…)$/ }).first().click()
  await page.getByRole('textbox', { name: 'Target' }).fill(words)
  await page.keyboard.press('Enter')
}

const pane = (page: Page, title: string | RegExp) => page.getByRole('region', { name: title })

/** A terminal draws its letters where no test can read them; what it holds is in the log that a user may save. */
async function logOf(page: Page, title: string): Promise<string> {
  const waiting = page.waitForEvent('download')
  await pane(page, `Console ${title}`).first().getByRole('button', { name: `More of ${title}` }).click()
  await page.getByRole('menuitem', { name: 'Save the session log' }).click()
  const stream = await (await waiting).createReadStream()
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const paintedPixels = (page: Page): Promise<number> =>
  page.locator('.screen-host canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement
    if (canvas.width === 0) return 0
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    let painted = 0
    for (let at = 0; at < data.length; at += 4) if (Math.max(data[at]!, data[at + 1]!, data[at + 2]!) > 120) painted += 1
    return painted
  })

async function typeLine(page: Page, title: string, text: string): Promise<void> {
  await page.getByRole('textbox', { name: `Terminal of ${title}` }).last().focus()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

test('consoles of guests, nodes and pods', async ({ meridian }) => {
  test.setTimeout(300_000)
  const { page } = meridian
  await openDemoLab(page)
  await goTo(page, 'Consoles')
  await expect(page.getByRole('heading', { name: 'No console is open' })).toBeVisible()

  await test.step('the screen of a virtual machine reacts to keys', async () => {
    await openConsole(page, 'proj-pg01 screen')
    await expect.poll(() => paintedPixels(page), { timeout: 20_000 }).toBeGreaterThan(500)
    const before = await paintedPixels(page)
    await page.locator('.screen-host canvas').click()
    await page.keyboard.type('astro')
    await page.keyboard.press('Enter')
    await page.keyboard.type('meridian')
    await page.keyboard.press('Enter')
    await expect.poll(() => paintedPixels(page)).toBeGreaterThan(before + 300)
    await page.screenshot({ path: picture('console-screen') })
  })

  await test.step('text is typed key by key, and the picture saved', async () => {
    const before = await paintedPixels(page)
    await page.getByRole('button', { name: 'Type text…' }).click()
    await page.getByRole('textbox', { name: 'Text' }).fill('echo "Voids & Quasars"\n')
    await page.getByRole('button', { name: 'Type it' }).click()
    await expect(page.getByRole('dialog')).toBeHidden({ timeout: 15_000 })
    await expect.poll(() => paintedPixels(page)).toBeGreaterThan(before + 200)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Picture' }).click()
    expect((await saved).suggestedFilename()).toMatch(/^proj-pg01-.*\.png$/)
    await expectAccessible(page)
  })

  await test.step('the shell of a node, in its red frame', async () => {
    await openConsole(page, 'node03 shell')
    await expect.poll(() => logOf(page, 'node03')).toContain('node03 login:')
    await typeLine(page, 'node03', 'root')
    await typeLine(page, 'node03', 'meridian')
    await typeLine(page, 'node03', 'uptime')
    await expect.poll(() => logOf(page, 'node03')).toContain('load average')
    await expect(pane(page, 'Console node03')).toHaveAttribute('style', /red/)
  })

  await test.step('found again in the scrollback', async () => {
    await page.keyboard.press('Control+Shift+F')
    await page.getByRole('textbox', { name: 'Find in the scrollback' }).fill('load average')
    await expect(page.getByRole('search').getByRole('status')).toHaveText('1 of 1')
    await page.screenshot({ path: picture('console-find') })
    await page.keyboard.press('Escape')
  })

  await test.step('several lines are shown before they are pasted', async () => {
    await page.evaluate(() => {
      const data = new DataTransfer()
      data.setData('text/plain', 'hostname\necho pasted-twice\n')
      document.activeElement!.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    })
    const dialog = page.getByRole('dialog', { name: /Paste 2 lines into node03/ })
    await expect(dialog).toContainText('echo pasted-twice')
    await page.screenshot({ path: picture('console-paste') })
    await dialog.getByRole('button', { name: 'Paste', exact: true }).click()
    await expect.poll(() => logOf(page, 'node03')).toContain('\npasted-twice')
  })

  await test.step('a shell in a pod, split by the keyboard', async () => {
    await openConsole(page, 'qad-head')
    const head = pane(page, /Console qad-head/)
    await expect(head).toBeVisible()
    await expect(page.getByRole('textbox', { name: /Terminal of qad-head/ })).toHaveCount(1, { timeout: 15_000 })
    await page.keyboard.press('Alt+Shift+Equal')
    await expect(head).toHaveCount(2)
    await expect(page.getByRole('textbox', { name: /Terminal of qad-head/ })).toHaveCount(2, { timeout: 15_000 })
    await page.screenshot({ path: picture('console-split') })
    const title = (await head.first().getAttribute('aria-label'))!.replace('Console ', '')
    await typeLine(page, title, 'exit 3')
    await expect(head.getByText('ended with exit code 3')).toBeVisible()
    await page.keyboard.press('Enter')
    await expect(head.getByText('ended with exit code 3')).toBeHidden({ timeout: 15_000 })
    await expectAccessible(page)
  })

  await test.step('a terminal moves to a window of its own as it is', async () => {
    await page.getByRole('button', { name: 'node03', exact: true }).click()
    const opening = page.context().waitForEvent('page')
    await pane(page, 'Console node03').getByRole('button', { name: 'Pop out' }).click()
    const window = await opening
    await expect(pane(window, 'Console node03')).toBeVisible({ timeout: 20_000 })
    await expect(page.getByRole('button', { name: 'node03', exact: true })).toBeHidden()
    await expect.poll(() => logOf(window, 'node03'), { timeout: 15_000 }).toContain('load average')
    await typeLine(window, 'node03', 'echo still-here')
    await expect.poll(() => logOf(window, 'node03')).toContain('\nstill-here')
    await window.screenshot({ path: picture('console-window') })
    await window.close()
  })
})
