// The guests feature on real services and the demo lab's Proxmox VE server: for its tests. Calls go through the whole
// pipeline; a hook before each request to the server can make things go wrong at exactly that moment.
import { createRouterClient } from '@orpc/server'
import { join } from 'node:path'
import { startBench, type ProxmoxBench } from '#demo/proxmox/proxmox-testing.ts'
import { demoTokens, demoUsers } from '#demo/proxmox/identities.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { ApiAuth, ConnectionId, SecretName, Site } from '#shared/model/connection.ts'
import { createConnectorDesk, type ConnectorDesk } from '../../../connector-desk.ts'
import type { HttpsCall } from '../../../connectors/https/https-client.ts'
import { createPromptDesk } from '../../../prompt-desk.ts'
import { createAuditLog } from '../../../storage/audit-log.ts'
import { openDatabase } from '../../../storage/database.ts'
import { createNotificationStore } from '../../../storage/notification-store.ts'
import { createSiteStore } from '../../../storage/site-store.ts'
import { createTaskStore } from '../../../storage/task-store.ts'
import { createProxmoxTaskDriver } from '../../../tasks/api2-task-drivers.ts'
import { createTaskDesk } from '../../../tasks/task-desk.ts'
import { createTestPlatform } from '../../../testing/test-platform.ts'
import type { Vault } from '../../../vault/vault.ts'
import { createGuestsFeature, type GuestsCore } from '../guests.service.ts'

export type GuestsLab = Awaited<ReturnType<typeof createGuestsLab>>

const times = { pauseMs: 10, graceMs: 150, patienceMs: 400, haPatienceMs: 600 }

const tokenOf = (index: number): { auth: ApiAuth; secrets: Partial<Record<SecretName, string>> } => ({
  auth: { mode: 'token', tokenId: demoTokens[index]!.tokenId },
  secrets: { tokenSecret: demoTokens[index]!.secret },
})
const ticketOf = (userId: string): { auth: ApiAuth; secrets: Partial<Record<SecretName, string>> } => {
  const user = demoUsers.find((item) => item.userId === userId)!
  const [username = '', realm = ''] = userId.split('@')
  return { auth: { mode: 'ticket', username, realm }, secrets: { password: user.password, ...(user.totpSeed ? { totpSeed: user.totpSeed } : {}) } }
}

export async function createGuestsLab(clock = '08:00') {
  const bench: ProxmoxBench = await startBench(clock)
  const test = await createTestPlatform()
  const { platform } = test
  const database = openDatabase(join(platform.paths.data, 'meridian.sqlite'), platform.log)
  const sites = createSiteStore(database, () => ['tokenSecret'])
  const secretsOf = new Map<ConnectionId, Partial<Record<SecretName, string>>>()
  const vault = { lease: (id: ConnectionId) => ({ read: (name: SecretName) => secretsOf.get(id)?.[name] }) } as unknown as Vault
  const audit = createAuditLog(database, platform.now)
  const notifications = createNotificationStore(database, platform)
  const desk = createConnectorDesk({ sites, vault, platform, prompts: createPromptDesk(platform.now) })
  const hooks: { beforeCall?: ((call: HttpsCall) => Promise<void>) | undefined } = {}
  const sent: HttpsCall[] = []
  const hooked: ConnectorDesk = {
    ...desk,
    proxmox(id) {
      const connector = desk.proxmox(id)
      return {
        ...connector,
        call: async (schema, call) => {
          sent.push(call)
          await hooks.beforeCall?.(call)
          return connector.call(schema, call)
        },
        rows: (schema, path, signal, query) => {
          sent.push({ path, query })
          return connector.rows(schema, path, signal, query)
        },
      }
    },
  }
  const tasks = createTaskDesk({ store: createTaskStore(database), audit, notifications, platform })
  tasks.register('proxmox', createProxmoxTaskDriver(hooked))
  const core: GuestsCore = {
    platform, sites, tasks,
    connectors: hooked,
    pipeline: {
      audit,
      isLocked: () => false,
      siteOf: (input) => sites.list().find((site) => site.connections.some((one) => one.id === (input as { connectionId?: unknown } | undefined)?.connectionId)) ?? null,
    },
  }
  const feature = createGuestsFeature(core, times)
  const site: Site = sites.create('Radio lab')
  const connect = ({ auth, secrets }: ReturnType<typeof tokenOf>): ConnectionId => {
    const { id } = sites.addConnection(site.id, `radioastronomy as ${'tokenId' in auth ? auth.tokenId : auth.username}`, {
      kind: 'proxmox',
      url: bench.demo.url,
      tls: { mode: 'pinned', sha256: bench.context.certificate('proxmox').fingerprint256 },
      auth,
    })
    secretsOf.set(id, secrets)
    return id
  }
  const peer = new AbortController()
  const context = { peer: { id: 'test', label: 'test', signal: peer.signal }, log: platform.log }
  const connectionId = connect(tokenOf(0))

  return {
    bench,
    hooks,
    /** From now on the server does what it is asked and cuts its answers. Resolves when every open connection is gone. */
    async cutAnswers() {
      bench.context.faults.set('proxmox', 'cut')
      await bench.send('GET', '/version').catch(() => undefined)
    },
    /** What was asked of the server, oldest first. */
    sent,
    core,
    site,
    connectionId,
    asAuditor: (): ConnectionId => connect(tokenOf(1)),
    asUser: (userId: string): ConnectionId => connect(ticketOf(userId)),
    client: createRouterClient(feature.router, { context }),
    guest: (vmid: number) => bench.demo.cluster.findGuest(vmid)!,
    /** Lets the lab's time pass until the task has ended, or a while. */
    async ended(taskId: string, stepMs = 30_000): Promise<Task> {
      for (let round = 0; round < 40; round += 1) {
        const task = await tasks.ended(taskId, AbortSignal.timeout(40))
        if (task.state !== 'running') return task
        bench.context.clock.advance(stepMs)
      }
      return tasks.ended(taskId, AbortSignal.timeout(1))
    },
    task: (taskId: string): Task => tasks.get(site.id, taskId),
    logOf: (taskId: string): string[] => tasks.readLog(site.id, taskId, 0, 1000).map((line) => line.text),
    newestRecord: () => audit.list({ limit: 1 })[0]!,
    /** The error that a call ends with, as a window sees it. */
    async refusal(call: Promise<unknown>): Promise<AppError> {
      const thrown: unknown = await call.then(
        () => undefined,
        (error: unknown) => error,
      )
      return fromWireError((thrown as { data?: unknown } | undefined)?.data)
    },
    async dispose() {
      peer.abort()
      await tasks.dispose()
      desk.dispose()
      database.dispose()
      await bench.dispose()
      await test.dispose()
    },
  }
}
