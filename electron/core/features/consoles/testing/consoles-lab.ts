// The consoles feature on real services and the demo lab's servers: for its tests. A page end of a channel is read as a
// window would, over a memory pipe.
import { createRouterClient } from '@orpc/server'
import { join } from 'node:path'
import { demoTokens, demoUsers } from '#demo/proxmox/identities.ts'
import { startBench } from '#demo/proxmox/proxmox-testing.ts'
import type { OpenedConsole } from '#shared/contracts/consoles.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { ConnectionId, ConnectionSettings, SecretName } from '#shared/model/connection.ts'
import { createByteChannel, type ByteChannel } from '#shared/wire/byte-channel.ts'
import { createConnectorDesk } from '../../../connector-desk.ts'
import { createPromptDesk } from '../../../prompt-desk.ts'
import { ChannelDesk } from '../../../router/channel-desk.ts'
import { createAuditLog } from '../../../storage/audit-log.ts'
import { openDatabase } from '../../../storage/database.ts'
import { createSiteStore } from '../../../storage/site-store.ts'
import { createMemoryPipes } from '../../../testing/memory-pipe.ts'
import { createTestPlatform } from '../../../testing/test-platform.ts'
import type { Vault } from '../../../vault/vault.ts'
import type { ConsolesCore } from '../console-backend.ts'
import { createConsolesFeature } from '../consoles.service.ts'

type Secrets = Partial<Record<SecretName, string>>

export interface PageEnd {
  channel: ByteChannel
  /** All that came so far, as Latin-1 text. */
  text(): string
  bytes(): Buffer
  say(text: string | Uint8Array): Promise<void>
}

export type ConsolesLab = Awaited<ReturnType<typeof createConsolesLab>>

/** The feature alone; `connect` gives it systems. */
export async function createConsolesLab() {
  const test = await createTestPlatform()
  const { platform } = test
  const database = openDatabase(join(platform.paths.data, 'meridian.sqlite'), platform.log)
  const sites = createSiteStore(database, () => [])
  const secretsOf = new Map<ConnectionId, Secrets>()
  const vault = {
    lease: (id: ConnectionId) => ({ read: (name: SecretName) => secretsOf.get(id)?.[name] }),
  } as unknown as Vault
  const audit = createAuditLog(database, platform.now)
  const channels = new ChannelDesk()
  const connectors = createConnectorDesk({ sites, vault, platform, prompts: createPromptDesk(platform.now) })
  const site = sites.create('Radio lab')
  const core: ConsolesCore = {
    platform,
    sites,
    vault,
    channels,
    connectors,
    pipeline: { audit, isLocked: () => false, siteOf: () => sites.get(site.id) },
  }
  const feature = createConsolesFeature(core)
  const window = new AbortController()
  const context = { peer: { id: 'test', label: 'test', signal: window.signal }, log: platform.log }
  return {
    audit,
    client: createRouterClient(feature.router, { context }),
    connect(label: string, settings: ConnectionSettings, secrets: Secrets): ConnectionId {
      const { id } = sites.addConnection(site.id, label, settings)
      secretsOf.set(id, secrets)
      return id
    },
    setReadOnly: (isReadOnly: boolean) => void sites.update(site.id, { isReadOnly }),
    /** The window takes its end of the channel. */
    attach: (opened: OpenedConsole): PageEnd => attach(channels, opened),
    closeWindow: () => window.abort(),
    feature,
    async dispose() {
      feature.dispose()
      channels.dispose()
      connectors.dispose()
      database.dispose()
      await test.dispose()
    },
  }
}

function attach(channels: ChannelDesk, opened: OpenedConsole): PageEnd {
  const [page, core] = createMemoryPipes()
  const channel = createByteChannel(page)
  const heard: Buffer[] = []
  const read = async (): Promise<void> => {
    for await (const bytes of channel.incoming) heard.push(Buffer.from(bytes))
  }
  void read()
  if (!channels.attach(opened.channel.channelId, core)) throw new Error('The channel is not waiting.')
  return {
    channel,
    text: () => Buffer.concat(heard).toString('latin1'),
    bytes: () => Buffer.concat(heard),
    say: (text) => channel.write(Buffer.from(text as string)),
  }
}

/** A demo cluster beside it, and connections as its several identities. */
export async function createClusterLab() {
  const [lab, bench] = await Promise.all([createConsolesLab(), startBench('08:00')])
  const settings = (auth: Extract<ConnectionSettings, { kind: 'proxmox' }>['auth']): ConnectionSettings => ({
    kind: 'proxmox',
    url: bench.demo.url,
    tls: { mode: 'pinned', sha256: bench.context.certificate('proxmox').fingerprint256 },
    auth,
  })
  const asToken = (index: number): ConnectionId =>
    lab.connect(demoTokens[index]!.tokenId, settings({ mode: 'token', tokenId: demoTokens[index]!.tokenId }), {
      tokenSecret: demoTokens[index]!.secret,
    })
  const asUser = (userId: string): ConnectionId => {
    const [username = '', realm = ''] = userId.split('@')
    const password = demoUsers.find((user) => user.userId === userId)!.password
    return lab.connect(userId, settings({ mode: 'ticket', username, realm }), { password })
  }
  return {
    ...lab,
    bench,
    asToken,
    asUser,
    async dispose() {
      await lab.dispose()
      await bench.dispose()
    },
  }
}

/** What a call ended with, as the page would see it. */
export const failureOf = async (call: Promise<unknown>): Promise<AppError> => {
  try {
    await call
  } catch (thrown) {
    return fromWireError((thrown as { data: unknown }).data)
  }
  throw new Error('The call did not fail.')
}
