// The same specs against both shells: `loopback` in a Chromium of the machine, `desktop` in Electron wherever its
// binary exists. MERIDIAN_CHROMIUM names the browser that the test runner found; Playwright's own is the default.
import { defineConfig } from '@playwright/test'
import type { ShellOptions } from './fixtures.ts'

const executablePath = process.env['MERIDIAN_CHROMIUM']
const isRoot = process.getuid?.() === 0

export default defineConfig<ShellOptions>({
  testDir: '.',
  outputDir: '../test-results',
  timeout: 240_000,
  expect: { timeout: 20_000 },
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  reporter: process.env['MERIDIAN_E2E_REPORT'] ? [['list'], ['json', { outputFile: process.env['MERIDIAN_E2E_REPORT'] }]] : 'list',
  use: {
    viewport: { width: 1440, height: 900 },
    actionTimeout: 20_000,
    colorScheme: 'dark',
    trace: 'retain-on-failure',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        ...(isRoot ? ['--no-sandbox'] : []),
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'loopback', use: { shell: 'loopback' } },
    { name: 'desktop', use: { shell: 'desktop' } },
  ],
})
