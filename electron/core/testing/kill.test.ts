// kill -9 at any moment loses nothing that was shown: fifty times, in the middle of polling a living Proxmox cluster
// and of streaming a result, the core is killed; each time the next one must know at least what the last one showed.
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RecordBatchReader } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDemoLab, type DemoLab } from '#demo/demo-lab.ts'
import { contract } from '#shared/contracts/index.ts'
import type { SiteId, ConnectionId } from '#shared/model/connection.ts'
import { createTypedClient, type TypedClient } from '#shared/wire/typed-client.ts'
import { startPostgresCluster, type PostgresCluster } from '../connectors/postgres/testing/postgres-cluster.ts'
import type { FromCore, ToCore } from './killable-core.ts'

const kills = 50
const settleMs = 30_000

interface Core {
  client: TypedClient<typeof contract>
  /** The bytes of a stream as they come; the promise settles at its end or at the core's death. */
  read(streamId: string): { bytes: Uint8Array[]; ended: Promise<void> }
  kill(): Promise<void>
}

async function startCore(dataDir: string): Promise<Core> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./killable-core.ts', import.meta.url)), [dataDir], { serialization: 'advanced' })
  const gone = new Promise<void>((settle) => child.once('exit', () => settle()))
  const readers = new Map<string, { bytes: Uint8Array[]; end: () => void }>()
  let deliver: (frame: string | Uint8Array) => void = () => undefined
  const tell = (message: ToCore): void => {
    if (child.connected) child.send(message, () => undefined)
  }
  await new Promise<void>((settle, reject) => {
    child.once('exit', (code) => reject(new Error(`the core ended with ${code} before it was ready`)))
    child.on('message', (message: FromCore) => {
      if (message.type === 'ready') settle()
      else if (message.type === 'frame') deliver(message.frame)
      else if (message.type === 'chunk') readers.get(message.streamId)?.bytes.push(message.chunk)
      else readers.get(message.streamId)?.end()
    })
  })
  const client = createTypedClient(contract, {
    send: (frame) => tell({ type: 'frame', frame }),
    onFrame: (listener) => {
      deliver = listener
    },
    onClose: (listener) => void gone.then(() => listener('The core is gone.')),
    close: () => child.kill('SIGKILL'),
  })
  return {
    client,
    read(streamId) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const reader = { bytes: [] as Uint8Array[], end: resolve }
      readers.set(streamId, reader)
      tell({ type: 'claim', streamId })
      return { bytes: reader.bytes, ended: Promise.race([promise, gone]) }
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** What a page has been shown so far, as the page itself would keep it. */
interface Shown {
  revision: number
  entityIds: Set<string>
  runId: string | null
  rows: Uint8Array[]
}

/** Follows inventory and one result until killed after `lifeMs`. */
async function liveAndDie(core: Core, siteId: SiteId, databaseId: ConnectionId, lifeMs: number): Promise<Shown> {
  const shown: Shown = { revision: 0, entityIds: new Set(), runId: null, rows: [] }
  const follow = async (): Promise<void> => {
    for await (const event of await core.client.inventory.watch({ siteId })) {
      if (event.type === 'whole') {
        shown.entityIds = new Set(event.inventory.entities.map((entity) => entity.id))
        shown.revision = event.inventory.revision
      } else {
        for (const id of event.diff.removeEntities) shown.entityIds.delete(id)
        for (const entity of event.diff.upsertEntities) shown.entityIds.add(entity.id)
        shown.revision = event.diff.revision
      }
    }
  }
  const query = async (): Promise<void> => {
    const sql = "SELECT g AS targetid, repeat('x', 60) AS text FROM generate_series(1, 400000) AS g"
    const { run, stream } = await core.client.sql.start({ connectionId: databaseId, sql })
    shown.runId = run.runId
    const reader = core.read(stream.streamId)
    shown.rows = reader.bytes
    await reader.ended
  }
  const work = Promise.allSettled([follow(), query()])
  await new Promise((settle) => setTimeout(settle, lifeMs))
  await core.kill()
  await work
  return shown
}

/** Rows of the complete batches in a possibly truncated Arrow stream. */
function countRows(chunks: readonly Uint8Array[]): number {
  let rows = 0
  try {
    for (const batch of RecordBatchReader.from(Buffer.concat(chunks))) rows += batch.numRows
  } catch {
    // The batch that was cut off was not shown either.
  }
  return rows
}

describe('kill -9', () => {
  let lab: DemoLab
  let cluster: PostgresCluster
  const dataDir = mkdtempSync(join(tmpdir(), 'meridian-kill-'))
  const labDir = mkdtempSync(join(tmpdir(), 'meridian-kill-lab-'))
  const stop = new AbortController()

  beforeAll(async () => {
    ;[lab, cluster] = await Promise.all([
      startDemoLab({ dataDir: labDir, signal: stop.signal, onProgress: () => undefined, log: () => undefined, services: ['proxmox'] }),
      startPostgresCluster(),
    ])
  })
  afterAll(async () => {
    await Promise.allSettled([lab?.dispose(), cluster?.dispose()])
    for (const directory of [dataDir, labDir]) rmSync(directory, { recursive: true, force: true })
  })

  it(`${kills} times loses nothing that was shown`, { timeout: 240_000 }, async () => {
    let core = await startCore(dataDir)
    const site = await core.client.sites.create({ name: 'Killed lab' })
    for (const draft of lab.drafts) await core.client.sites.addConnection({ siteId: site.id, draft })
    const { id: databaseId } = await core.client.sites.addConnection({
      siteId: site.id,
      draft: {
        label: 'pg',
        settings: { kind: 'postgres', host: cluster.host, port: cluster.port, database: 'postgres', user: cluster.user, tlsMode: 'disable', tls: { mode: 'system' } },
        secrets: { password: cluster.password },
      },
    })
    let seenEntities = 0
    let seenRows = 0
    for (let round = 0; round < kills; round += 1) {
      // From a moment after the start to the middle of the work, in steps that no two rounds share.
      const shown = await liveAndDie(core, site.id, databaseId, 40 + ((round * 137) % 900))
      lab.clock.advance(60_000)
      core = await startCore(dataDir)
      const known = await core.client.inventory.lastKnown({ siteId: site.id })
      const knownIds = new Set(known?.entities.map((entity) => entity.id))
      expect([...shown.entityIds].filter((id) => !knownIds.has(id)), `round ${round}: entities`).toEqual([])
      const shownRows = countRows(shown.rows)
      seenEntities += shown.entityIds.size
      seenRows += shownRows
      if (shownRows === 0 || shown.runId === null) continue
      const { run, stream } = await core.client.sql.openResult({ runId: shown.runId })
      const kept = core.read(stream.streamId)
      await Promise.race([kept.ended, new Promise((_settle, reject) => setTimeout(() => reject(new Error('reading the kept result took too long')), settleMs).unref())])
      expect(countRows(kept.bytes), `round ${round}: rows of a run that is ${run.state}`).toBeGreaterThanOrEqual(shownRows)
      expect(['interrupted', 'done', 'cancelled', 'failed']).toContain(run.state)
    }
    await core.kill()
    // The loop must have met both kinds of data, or it has proved nothing.
    expect(seenEntities).toBeGreaterThan(0)
    expect(seenRows).toBeGreaterThan(0)
  })
})
