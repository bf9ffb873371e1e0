// PostgreSQL servers and SSH hosts in the inventory: what the connection's settings say, and whether something
// listens there. Opens and closes one TCP connection per look; never logs in.
import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { edgeOf, type Observation, type Watcher, type WatcherContext } from './observation.ts'

const connectTimeoutMs = 5_000
type EndpointSettings = SettingsOf<'postgres'> | SettingsOf<'ssh'>

/** A watcher for a connection of kind `postgres` or `ssh`. */
export function openEndpointWatcher(context: WatcherContext, settings: EndpointSettings): Watcher {
  const family = settings.kind === 'postgres' ? 'postgres' : 'ssh'
  return {
    lookTimeoutMs: 15_000,
    // sshd writes a line to its log for every visitor that does not log in; PostgreSQL does not.
    shortestPauseMs: settings.kind === 'ssh' ? 60_000 : 0,
    async look({ signal }) {
      const addresses = await reach(context, settings, signal)
      const scope = context.claimScope(family, `${settings.host}:${settings.port}`)
      await context.emit(observeEndpoint(context.connection, settings, `${family}/${scope}`, addresses))
      return { limits: [] }
    },
    dispose: () => undefined,
  }
}

/** The addresses of a server that listens. One behind a jump host is knocked at from there. */
async function reach(
  { connection, core }: WatcherContext,
  settings: EndpointSettings,
  signal: AbortSignal,
): Promise<string[]> {
  const jump = settings.kind === 'ssh' ? settings.jumpConnectionId : undefined
  if (jump === undefined) {
    const addresses = await resolve(settings.host, connection.label)
    await knock(settings, connection.label, signal)
    return addresses
  }
  const way = await core.connectors.ssh(jump).forwardOut(settings, { signal })
  way.on('error', () => undefined).destroy()
  return isIP(settings.host) ? [settings.host.toLowerCase()] : []
}

/** Pure: the server that the settings name, and its database. `id` is the entity's id. */
export function observeEndpoint(
  connection: WatcherContext['connection'],
  settings: EndpointSettings,
  id: string,
  addresses: readonly string[],
): Observation {
  const place = { host: settings.host, port: settings.port, label: connection.label }
  const server = (kind: 'ssh-host' | 'database-server', facts: Entity['facts']): Entity => ({
    id,
    kind,
    layer: 'services',
    name: connection.label,
    health: 'ok',
    status: 'reachable',
    parentId: null,
    connectionId: connection.id,
    tags: [],
    addresses: [...addresses],
    facts: { ...place, ...facts },
  })
  if (settings.kind === 'ssh') {
    const facts = { user: settings.user, isHostKeyKnown: settings.hostKeySha256 !== undefined }
    return { entities: [server('ssh-host', facts)], edges: [] }
  }
  const facts = { product: 'PostgreSQL', user: settings.user, tlsMode: settings.tlsMode }
  const database: Entity = {
    ...server('database-server', {}),
    id: `${id}/database/${settings.database}`,
    kind: 'database',
    name: settings.database,
    parentId: id,
    addresses: [],
    facts: { server: connection.label },
  }
  const why = { by: 'configuration', text: `The connection ${connection.label} opens this database` } as const
  return {
    entities: [server('database-server', facts), database],
    edges: [edgeOf(id, 'serves', database.id, [why])],
  }
}

async function resolve(host: string, label: string): Promise<string[]> {
  if (isIP(host)) return [host.toLowerCase()]
  try {
    const found = await lookup(host, { all: true })
    return found.map((item) => item.address.toLowerCase())
  } catch (cause) {
    throw new AppError('unreachable', `The name ${host} of ${label} could not be resolved.`, {
      remedy:
        'Check the host name in the connection, and whether this computer is on the right network or VPN.',
      target: { system: label, endpoint: host },
      cause,
    })
  }
}

function knock({ host, port }: EndpointSettings, label: string, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const socket = connect({ host, port, signal })
    const refuse = (code: 'timeout' | 'unreachable', what: string, cause?: unknown): void => {
      socket.destroy()
      fail(
        new AppError(code, `${label} at ${host}:${port} ${what}.`, {
          remedy: 'Check that the server runs and that a firewall lets this computer through.',
          target: { system: label, endpoint: `${host}:${port}` },
          cause,
        }),
      )
    }
    socket.setTimeout(connectTimeoutMs, () => refuse('timeout', 'did not answer within 5 s'))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      refuse(
        'unreachable',
        error.code === 'ECONNREFUSED' ? 'refuses connections' : 'cannot be reached',
        error,
      ),
    )
    socket.once('connect', () => {
      socket.end()
      done()
    })
  })
}
