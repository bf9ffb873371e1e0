// A process that saves to the vault without pause until it is killed, and prints each number whose saving was
// acknowledged. Started by vault-crash.test.ts with the data directory as its argument.
import { settings as settingsSchema } from '#shared/contracts/app.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { createTestKeychain, createTestPlatform } from '../../testing/test-platform.ts'
import { openVault } from '../sealed-vault.ts'

const [dataDir = ''] = process.argv.slice(2)
const { platform } = await createTestPlatform({ dataDir, keychain: createTestKeychain() })
const vault = await openVault({ platform, settings: { get: () => settingsSchema.parse({}) } })
const id = 'counted' as ConnectionId
for (let number = Number(vault.lease(id).read('password') ?? 0) + 1; ; number += 1) {
  await vault.put(id, { password: String(number), kubeconfig: 'x'.repeat(100_000) })
  process.stdout.write(`${number}\n`)
}
