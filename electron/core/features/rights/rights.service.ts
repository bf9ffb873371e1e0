// What the identities of a site's Proxmox connections may do, asked of the servers themselves and anew every few minutes
// while a window listens. Only for greying and for explaining: the servers decide.
import { setTimeout as wait } from 'node:timers/promises'
import { contract } from '#shared/contracts/index.ts'
import type { SiteRights } from '#shared/contracts/rights.ts'
import type { Connection, SiteId } from '#shared/model/connection.ts'
import type { Rights } from '#shared/model/rights.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

const refreshMs = 3 * 60_000
/** After a server that did not answer. */
const retryMs = 15_000

export function createRightsFeature(core: Pick<CoreServices, 'connectors' | 'sites' | 'pipeline'>, times = { refreshMs, retryMs }) {
  const os = implementFeature(contract.rights, core.pipeline)
  const router = os.router({
    watch: os.watch.handler(({ input, signal, context }) => watch(input.siteId, signal ?? context.peer.signal)),
  })

  async function* watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<SiteRights, void, void> {
    let told = ''
    const held = new Map<string, Rights>()
    while (!signal.aborted) {
      const asked = core.sites.get(siteId).connections.filter(({ settings }) => settings.kind === 'proxmox' || settings.kind === 'pbs')
      const answers = await Promise.all(asked.map((connection) => read(connection, signal)))
      let isComplete = true
      for (const [at, { id }] of asked.entries()) {
        const answer = answers[at]
        if (answer) held.set(id, answer)
        else isComplete = false
      }
      const known = asked.flatMap(({ id }) => (held.has(id) ? [{ connectionId: id, rights: held.get(id)! }] : []))
      const text = JSON.stringify(known)
      if (text !== told && !signal.aborted) {
        told = text
        yield known
      }
      const pauseMs = isComplete ? times.refreshMs : times.retryMs
      // A connection that was added or changed is asked at once.
      const changed = core.sites.changes.subscribe(signal).next()
      await Promise.race([wait(pauseMs, undefined, { signal, ref: false }), changed]).catch(() => undefined)
    }
  }

  async function read({ id, settings }: Connection, signal: AbortSignal): Promise<Rights | null> {
    try {
      const connector = settings.kind === 'pbs' ? core.connectors.pbs(id) : core.connectors.proxmox(id)
      const paths = await connector.permissions(signal)
      return { identity: connector.identity, paths: Object.fromEntries(Object.entries(paths).map(([path, held]) => [path, booleans(held)])) }
    } catch {
      // Nothing is greyed by what is not known; that a server does not answer is told by the status bar.
      return null
    }
  }

  return { router } satisfies Feature<typeof router>
}

const booleans = (held: Record<string, unknown>): Record<string, boolean> =>
  Object.fromEntries(Object.entries(held).map(([privilege, propagates]) => [privilege, propagates === true || propagates === 1]))
