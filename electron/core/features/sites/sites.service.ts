// Sites and their connections: made, changed, copied, given away without secrets, and tested. The one place where
// secrets go into the vault; they never come out here except on their way into a connector.
import { contract } from '#shared/contracts/index.ts'
import { AppError } from '#shared/errors.ts'
import type {
  Connection,
  ConnectionDraft,
  ConnectionId,
  SecretName,
  Site,
  SiteId,
} from '#shared/model/connection.ts'
import { loadKubeconfig, readKubeconfig } from '../../connectors/kubernetes/kubeconfig.ts'
import { inspectCertificate } from '../../connectors/tls/certificate-inspection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import type { SecretChanges, SecretLease } from '../../vault/vault.ts'
import { checkSettings, destinationOf, invalid, reusableSecrets, usedSecrets } from './connection-rules.ts'
import { testConnection, type OpenHop, type Probes } from './connection-test.ts'
import { checkJump, jumpOf, withJump } from './jump-hosts.ts'
import { readSiteFile, writeSiteFile } from './site-file.ts'

export type SitesCore = Pick<CoreServices, 'sites' | 'vault' | 'pipeline' | 'database' | 'connectors'>

/** `probes` replaces the systems' own probes in tests. */
export function createSitesFeature(core: SitesCore, options: { probes?: Probes } = {}) {
  const { sites, database } = core
  const actions = createSiteActions(core)
  const os = implementFeature(contract.sites, core.pipeline)
  const router = os.router({
    list: os.list.handler(() => sites.list()),
    watch: os.watch.handler(({ signal, context }) =>
      sites.changes.subscribe(signal ?? context.peer.signal, sites.list()),
    ),
    create: os.create.handler(({ input }) => sites.create(input.name)),
    update: os.update.handler(({ input }) => sites.update(input.siteId, input)),
    duplicate: os.duplicate.handler(({ input }) => actions.duplicateSite(input.siteId)),
    remove: os.remove.handler(({ input }) => actions.removeSite(input.siteId, input.confirmation)),
    exportSite: os.exportSite.handler(({ input }) => writeSiteFile(sites.get(input.siteId))),
    importSite: os.importSite.handler(({ input }) => {
      const file = readSiteFile(input.text)
      return database.transaction(() => {
        const site = sites.create(freeName(sites.list(), file.name))
        sites.update(site.id, { isReadOnly: file.isReadOnly })
        const made = file.connections.map((one) => ({
          ...one,
          id: sites.addConnection(site.id, one.label, one.settings).id,
        }))
        for (const { id, label, settings, jump } of made) {
          const hop = made.find((one) => one.label === jump && one.id !== id && one.settings.kind === 'ssh')
          if (hop) sites.updateConnection(id, label, withJump(settings, hop.id))
        }
        return sites.get(site.id)
      })
    }),
    addConnection: os.addConnection.handler(({ input }) => actions.addConnection(input.siteId, input.draft)),
    updateConnection: os.updateConnection.handler(({ input }) =>
      actions.updateConnection(input.connectionId, input.draft),
    ),
    duplicateConnection: os.duplicateConnection.handler(({ input }) =>
      actions.duplicateConnection(input.connectionId),
    ),
    removeConnection: os.removeConnection.handler(({ input }) =>
      actions.removeConnection(input.connectionId),
    ),
    testConnection: os.testConnection.handler(({ input, signal, context }) => {
      const { settings, secrets } = actions.prepareTest(input.connectionId, input.draft)
      const ending = signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal
      const openHop = hopTo(core, settings)
      return testConnection(settings, secrets, {
        signal: ending,
        log: context.log,
        ...(openHop ? { openHop } : {}),
        ...options,
      })
    }),
    confirmHostKey: os.confirmHostKey.handler(({ input, context }) => {
      const { label } = sites.getConnection(input.connectionId)
      context.audit?.describe(`${label}: ${input.fingerprint256}`)
      return actions.confirmHostKey(input.connectionId, input.fingerprint256)
    }),
    inspectCertificate: os.inspectCertificate.handler(({ input, signal }) =>
      inspectCertificate(input.host, input.port, { startTls: input.startTls, signal }),
    ),
    readKubeconfig: os.readKubeconfig.handler(({ input }) => readKubeconfig(input.text)),
  })
  return { router } satisfies Feature<typeof router>
}

function createSiteActions({ sites, vault }: SitesCore) {
  const refuseDemo = (site: Site, what: string): void => {
    if (!site.isDemo) return
    throw new AppError('conflict', `${what}: the demo lab makes its own connections, anew at each start.`, {
      remedy: 'Create a site of your own for your systems.',
    })
  }
  const editable = (connectionId: ConnectionId): Connection => {
    const connection = sites.getConnection(connectionId)
    refuseDemo(sites.get(connection.siteId), 'The demo lab’s site cannot be changed')
    return connection
  }
  /** Makes the rows, then the secrets; without the secrets the rows go again. */
  async function withSecrets<T>(made: T, undo: () => void, store: () => Promise<void>): Promise<T> {
    try {
      await store()
      return made
    } catch (error) {
      undo()
      throw error
    } finally {
      sites.announce()
    }
  }
  async function addTo(siteId: SiteId, draft: ConnectionDraft): Promise<Connection> {
    const lease = overlay(draft.secrets)
    const settings = completeSettings(draft, lease)
    checkJump(sites.get(siteId), null, settings)
    const made = sites.addConnection(siteId, draft.label, settings)
    await withSecrets(
      made,
      () => sites.removeConnection(made.id),
      () => vault.put(made.id, onlyUsed({ ...draft, settings })),
    )
    return sites.getConnection(made.id)
  }
  return {
    addConnection(siteId: SiteId, draft: ConnectionDraft): Promise<Connection> {
      refuseDemo(sites.get(siteId), 'Nothing can be added to the demo lab’s site')
      return addTo(siteId, draft)
    },

    async updateConnection(connectionId: ConnectionId, draft: ConnectionDraft): Promise<Connection> {
      const known = editable(connectionId)
      const kept = reusableSecrets(known.settings, known.storedSecrets, draft)
      const stored = vault.lease(connectionId)
      const settings = completeSettings(
        draft,
        overlay(draft.secrets, { read: (name) => (kept.includes(name) ? stored.read(name) : undefined) }),
      )
      checkJump(sites.get(known.siteId), connectionId, settings)
      const fresh = onlyUsed({ ...draft, settings })
      // What does not serve the new settings goes first: no crash can leave an old secret with a new address.
      const dropped = known.storedSecrets.filter((name) => !kept.includes(name))
      if (destinationOf(known.settings) !== destinationOf(settings))
        await vault.put(connectionId, emptied(dropped))
      sites.updateConnection(connectionId, draft.label, settings)
      try {
        await vault.put(connectionId, { ...emptied(dropped), ...fresh })
      } finally {
        sites.announce()
      }
      return sites.getConnection(connectionId)
    },

    async duplicateConnection(connectionId: ConnectionId): Promise<Connection> {
      const known = editable(connectionId)
      const label = freeLabel(sites.get(known.siteId), known.label)
      const made = sites.addConnection(known.siteId, label, known.settings)
      await withSecrets(
        made,
        () => sites.removeConnection(made.id),
        () => vault.copy(connectionId, made.id),
      )
      return sites.getConnection(made.id)
    },

    /** Only ever the first key: a changed one is not confirmed from a message, but edited on purpose. */
    confirmHostKey(connectionId: ConnectionId, fingerprint256: string): Connection {
      const { label, settings } = sites.getConnection(connectionId)
      if (settings.kind !== 'ssh') throw new AppError('invalid-input', `${label} is not an SSH connection.`)
      if (settings.hostKeySha256 !== undefined && settings.hostKeySha256 !== fingerprint256)
        throw new AppError('conflict', `Another host key is confirmed for ${label} already.`, {
          remedy: 'If the server was installed anew, remove the old key under Connections → Edit.',
        })
      return sites.updateConnection(connectionId, label, checkSettings({ ...settings, hostKeySha256: fingerprint256 }))
    },

    async removeConnection(connectionId: ConnectionId): Promise<void> {
      editable(connectionId)
      // Secrets first: they must never outlive what they belong to.
      await vault.remove(connectionId)
      sites.removeConnection(connectionId)
    },

    async duplicateSite(siteId: SiteId): Promise<Site> {
      const known = sites.get(siteId)
      refuseDemo(known, 'The demo lab’s site cannot be duplicated')
      const made = sites.create(freeName(sites.list(), `${known.name} (copy)`))
      sites.update(made.id, { isReadOnly: known.isReadOnly })
      const undo = (): void => sites.remove(made.id)
      await withSecrets(made, undo, async () => {
        const copies = new Map<ConnectionId, ConnectionId>()
        for (const { id, label, settings } of known.connections) {
          copies.set(id, sites.addConnection(made.id, label, withJump(settings, undefined)).id)
          await vault.copy(id, copies.get(id)!)
        }
        for (const { id, label, settings } of known.connections) {
          const jump = jumpOf(settings)
          if (jump !== undefined)
            sites.updateConnection(copies.get(id)!, label, withJump(settings, copies.get(jump)))
        }
      })
      return sites.get(made.id)
    },

    async removeSite(siteId: SiteId, confirmation: string): Promise<void> {
      const known = sites.get(siteId)
      if (confirmation.trim() !== known.name.trim())
        throw new AppError('invalid-input', `Type the site’s name, “${known.name}”, to remove it.`, {
          detail: { kind: 'confirmation', expected: known.name },
        })
      for (const { id } of known.connections) await vault.remove(id)
      sites.remove(siteId)
    },

    /** What a test runs with. A draft may borrow the stored secrets of its own connection, for the same destination only. */
    prepareTest(connectionId: ConnectionId | undefined, draft: ConnectionDraft | undefined) {
      const known = connectionId === undefined ? undefined : sites.getConnection(connectionId)
      if (!draft) {
        if (!known)
          throw new AppError('invalid-input', 'There is nothing to test.', { remedy: 'Choose a connection.' })
        return { settings: known.settings, secrets: vault.lease(known.id) }
      }
      if (!known) {
        const secrets = overlay(draft.secrets)
        return { settings: completeSettings(draft, secrets), secrets }
      }
      const kept = reusableSecrets(known.settings, known.storedSecrets, draft)
      const stored = vault.lease(known.id)
      const secrets = overlay(draft.secrets, {
        read: (name) => (kept.includes(name) ? stored.read(name) : undefined),
      })
      return { settings: completeSettings(draft, secrets), secrets }
    },
  }
}

/** How a test reaches a host that is behind another one. */
function hopTo({ connectors }: SitesCore, settings: Connection['settings']): OpenHop | undefined {
  const jump = jumpOf(settings)
  if (jump === undefined || settings.kind !== 'ssh') return undefined
  const { host, port } = settings
  return (signal) => connectors.ssh(jump).forwardOut({ host, port }, { signal, isInteractive: true })
}

/** Settings as they are stored: checked, and for Kubernetes with what the kubeconfig says about the context. */
function completeSettings(draft: ConnectionDraft, secrets: SecretLease): Connection['settings'] {
  const settings = checkSettings(draft.settings)
  if (settings.kind !== 'kubernetes') return settings
  const kubeconfig = secrets.read('kubeconfig')
  if (!kubeconfig)
    throw invalid('secrets.kubeconfig', 'Give the kubeconfig: it holds the address and the credentials.')
  const { server, namespace } = loadKubeconfig(kubeconfig, settings.context)
  const chosen = settings.namespace ?? namespace ?? undefined
  return {
    kind: 'kubernetes',
    context: settings.context,
    server,
    ...(chosen === undefined ? {} : { namespace: chosen }),
  }
}

/** Secrets that were just typed, over those that may be borrowed. */
const overlay = (typed: SecretChanges, stored?: SecretLease): SecretLease => ({
  read: (name) => (typed[name] === undefined ? stored?.read(name) : typed[name] || undefined),
})

const onlyUsed = ({ settings, secrets }: ConnectionDraft): SecretChanges =>
  Object.fromEntries(
    usedSecrets(settings).flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]]])),
  )

const emptied = (names: readonly SecretName[]): SecretChanges =>
  Object.fromEntries(names.map((name) => [name, '']))

const freeName = (known: Site[], wanted: string): string =>
  firstFree(
    known.map((site) => site.name),
    wanted,
  )
const freeLabel = (site: Site, label: string): string =>
  firstFree(
    site.connections.map((item) => item.label),
    `${label} (copy)`,
  )

function firstFree(taken: string[], wanted: string): string {
  const base = wanted.slice(0, 90)
  let candidate = base
  for (let number = 2; taken.includes(candidate); number += 1) candidate = `${base} ${number}`
  return candidate
}
