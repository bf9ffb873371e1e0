// Every screen in both themes: axe clean, nothing runs out of the window, and a picture of each. Then faults: what
// a person is told when a system goes away, and that it comes back by itself.
import { expect, test } from './fixtures.ts'
import { expectAccessible, goTo, openDemoLab } from './steps.ts'

const screens = [
  'Overview', 'Topology', 'Inventory', 'Kubernetes', 'Consoles', 'Files', 'GPU', 'Port forwards', 'Figures', 'Alerts', 'Backups', 'Compliance',
  'SQL', 'Jobs', 'Connections', 'Audit log', 'Settings',
]

test('every screen is accessible and fits, dark and light', async ({ meridian }) => {
  test.setTimeout(480_000)
  const { page } = meridian
  await expect(page.getByRole('heading', { name: 'Your whole lab, in one window' })).toBeVisible()
  await expectAccessible(page)
  await openDemoLab(page)
  for (const theme of ['dark', 'light']) {
    if (theme === 'light') await page.getByRole('button', { name: 'Switch to the light theme' }).click()
    for (const screen of screens) {
      await test.step(`${screen}, ${theme}`, async () => {
        await goTo(page, screen)
        await expect(page.getByRole('heading', { level: 1 }).or(page.getByRole('textbox', { name: 'SQL editor' })).first()).toBeVisible()
        await expectAccessible(page)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(overflow).toBeLessThanOrEqual(0)
        await page.screenshot({ path: new URL(`../test-results/screens/${screen.replaceAll(' ', '-').toLowerCase()}-${theme}.png`, import.meta.url).pathname })
      })
    }
  }
})

test('a lost system is shown as lost, with its age, and comes back by itself', async ({ meridian }) => {
  test.setTimeout(480_000)
  const { page } = meridian
  await openDemoLab(page)
  const setFault = async (fault: string): Promise<void> => {
    await page.goto(`${page.url().split('#')[0]}#/settings?section=demo`)
    const field = page.getByRole('combobox', { name: 'Fault of Proxmox VE' })
    await field.click()
    await page.getByRole('option', { name: fault }).click()
  }
  await setFault('Cuts connections')
  const source = page.getByTestId('source-proxmox')
  await expect(source).toHaveAttribute('data-state', 'lost', { timeout: 90_000 })
  await expect(source).toContainText('ago')
  await goTo(page, 'Topology')
  await expect(page.locator('[data-entity="node01"]').first()).toHaveAttribute('data-stale', 'true')
  await page.screenshot({ path: new URL('../test-results/screens/lost.png', import.meta.url).pathname })
  await source.click()
  await expect(page.getByText(/is lost/)).toBeVisible()
  await page.keyboard.press('Escape')
  await setFault('Works')
  await expect(source).toHaveAttribute('data-state', 'live', { timeout: 120_000 })
})

test('the palette, the shortcuts and the themes work by keyboard alone', async ({ meridian }) => {
  const { page } = meridian
  await expect(page.getByRole('heading', { name: 'Your whole lab, in one window' })).toBeVisible()
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('textbox', { name: 'Search and commands' }).fill('audit')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Audit log' })).toBeVisible()
  await page.keyboard.press('ControlOrMeta+,')
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('textbox', { name: 'Search and commands' }).fill('theme: light')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'light')
  // Shortcuts are not for typing: they wait until the palette has let go of the keyboard.
  await expect(page.getByRole('textbox', { name: 'Search and commands' })).toBeHidden()
  await page.keyboard.press('Shift+?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
})
