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
import { testConnection, type Probes } from './connection-test.ts'
import { readSiteFile, writeSiteFile } from './site-file.ts'

export type SitesCore = Pick<CoreServices, 'sites' | 'vault' | 'pipeline' | 'database'>

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
        for (const { label, settings } of file.connections) sites.addConnection(site.id, label, settings)
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
      return testConnection(settings, secrets, { signal: ending, log: context.log, ...options })
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
        for (const { id, label, settings } of known.connections)
          await vault.copy(id, sites.addConnection(made.id, label, settings).id)
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
