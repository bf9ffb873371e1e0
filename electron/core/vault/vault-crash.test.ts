// kill -9 in the middle of saving, twenty times: the vault is whole each time and holds at least what was
// acknowledged.
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { settings as settingsSchema } from '#shared/contracts/app.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { createTestKeychain, createTestPlatform } from '../testing/test-platform.ts'
import { openVault } from './sealed-vault.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-vault-crash-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

/** Lets the loop save until `saves` were acknowledged, then kills it wherever it is. Answers the last one. */
function killAfter(saves: number): Promise<number> {
  const script = fileURLToPath(new URL('testing/save-loop.ts', import.meta.url))
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  let acknowledged = 0
  let count = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    acknowledged = Number(line)
    count += 1
    // Not at once: somewhere inside the next save.
    if (count === saves) setTimeout(() => child.kill('SIGKILL'), Math.random() * 12)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () =>
      count >= saves ? resolve(acknowledged) : reject(new Error('The saving process ended early.')),
    )
  })
}

async function storedNumber(): Promise<number> {
  const test = await createTestPlatform({ dataDir, keychain: createTestKeychain() })
  const vault = await openVault({
    platform: test.platform,
    settings: { get: () => settingsSchema.parse({}) },
  })
  try {
    expect(vault.status()).toMatchObject({ state: 'unlocked', note: null })
    return Number(vault.lease('counted' as ConnectionId).read('password'))
  } finally {
    vault.dispose()
    await test.dispose()
  }
}

it('loses nothing that was acknowledged', { timeout: 120_000 }, async () => {
  for (let round = 0; round < 20; round += 1) {
    const acknowledged = await killAfter(1 + (round % 4))
    const stored = await storedNumber()
    expect(stored).toBeGreaterThanOrEqual(acknowledged)
  }
  expect((await readdir(dataDir)).some((name) => name.includes('damaged'))).toBe(false)
})
