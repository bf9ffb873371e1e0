// The probe of GPUs: who is asked, what is read, and that nothing is said of a host that was never looked at.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Gpu } from '#shared/contracts/gpu.ts'
import type { Connection, ConnectionId, SiteId } from '#shared/model/connection.ts'
import { openDatabase, type Database } from '../../storage/database.ts'
import { createGpuStore } from '../../storage/gpu-store.ts'
import { createTestPlatform, type TestPlatform } from '../../testing/test-platform.ts'
import { probesOf, type ProbeCore } from './probes.ts'

const host: Connection = {
  id: 'gpu-host' as ConnectionId,
  siteId: 'site' as SiteId,
  label: 'SSH gpu01',
  settings: { kind: 'ssh', host: '127.0.0.1', port: 22, user: 'astro', auth: 'key' },
  storedSecrets: [],
}
let test: TestPlatform
let database: Database
let asked: string[]
let answer: { stdout: string; exitCode: number }

beforeEach(async () => {
  test = await createTestPlatform({ nowMs: 1_000_000 })
  database = openDatabase(join(test.dataDir, 'meridian.sqlite'), test.platform.log)
  asked = []
  answer = { stdout: '0, NVIDIA RTX A4000, 84\n1, NVIDIA RTX A4000, [N/A]\n', exitCode: 0 }
})
afterEach(async () => {
  database.dispose()
  await test.dispose()
})

function look() {
  const ssh = () => ({ exec: (command: string) => (asked.push(command), Promise.resolve(answer)) })
  const core = { platform: test.platform, database, connectors: { ssh } } as unknown as ProbeCore
  const [probe] = probesOf(core, host, () => [])
  return probe!.look(new AbortController().signal)
}
const wasLookedAt = (): void => {
  const card = { uuid: 'GPU-1', utilizationPercent: 50, memoryUsedMebibytes: 1, temperatureC: 50, powerWatts: 10 }
  createGpuStore(database).record(host.id, 900_000, [card as Gpu])
}

it('asks no host whose GPUs nobody ever looked at', async () => {
  expect(await look()).toEqual([])
  expect(asked).toEqual([])
})

it('reads the temperature of each card that tells one', async () => {
  wasLookedAt()
  expect(await look()).toEqual([
    {
      entityId: 'connection/gpu-host/gpu/0',
      name: 'GPU 0 (NVIDIA RTX A4000) of SSH gpu01',
      key: 'temperatureCelsius',
      value: 84,
      connectionId: 'gpu-host',
      atMs: 1_000_000,
    },
  ])
})

it('says nothing where the driver does not answer', async () => {
  wasLookedAt()
  answer = { stdout: 'NVIDIA-SMI has failed', exitCode: 9 }
  expect(await look()).toEqual([])
})
