// Everything of the inventories in the search: by name, VMID, address, MAC, tag and id. What is looked at is made once
// per entity and kept while the entity is the same object, so that a search costs one pass over short texts.
import type { SearchHit } from '#shared/contracts/search.ts'
import type { Site, SiteId } from '#shared/model/connection.ts'
import type { Entity, EntityKind, Inventory } from '#shared/model/inventory.ts'
import type { CoreServices } from '../../core-services.ts'
import type { SearchQuery, SearchSource } from '../../search/search-registry.ts'

interface Document {
  name: string
  vmid: string
  /** Addresses with blanks around them, so that the beginning of one can be found. */
  addresses: string
  rest: string
}

/** An inventory is taken anew after this long: what changed in between is found a moment later. */
const freshMs = 3_000

const groups: Partial<Record<EntityKind, string>> = {
  node: 'Nodes', guest: 'Guests', pod: 'Pods', storage: 'Storages', datastore: 'Backups', 'backup-group': 'Backups', 'backup-job': 'Backups', 'backup-server': 'Backups',
  database: 'Databases', 'database-server': 'Databases', job: 'Jobs', 'ray-job': 'Jobs', network: 'Networks', 'ssh-host': 'Hosts',
}
const groupOf = (kind: EntityKind): string =>
  groups[kind] ?? (kind.startsWith('kubernetes') || ['namespace', 'workload', 'ray-cluster'].includes(kind) ? 'Kubernetes' : 'Hardware')

/** Among equally good matches, machines and databases go before what belongs to them. */
const foremost: readonly EntityKind[] = ['node', 'guest', 'database-server', 'database', 'kubernetes-node', 'workload', 'storage', 'network']
const importance = (kind: EntityKind): number => {
  const at = foremost.indexOf(kind)
  return (at >= 0 ? at : foremost.length) / 100
}

const kindsOfPrefix: Record<string, (entity: Entity) => boolean> = {
  vm: ({ kind }) => kind === 'guest',
  guest: ({ kind }) => kind === 'guest',
  node: ({ kind }) => kind === 'node' || kind === 'kubernetes-node',
  pod: ({ kind }) => kind === 'pod',
  db: ({ kind }) => kind === 'database' || kind === 'database-server',
  ip: () => true,
  mac: () => true,
  tag: () => true,
}

export function createEntitySearch({ sites, inventories, platform }: Pick<CoreServices, 'sites' | 'inventories' | 'platform'>): SearchSource {
  const documents = new WeakMap<Entity, Document>()
  const taken = new Map<SiteId, { atMs: number; inventory: Promise<Inventory | null> }>()

  /** The open site and those that were searched lately; the others of a long list are read one by one. */
  function inventoryOf(site: Site): Promise<Inventory | null> {
    const nowMs = platform.now()
    const known = taken.get(site.id)
    if (known && Math.abs(nowMs - known.atMs) < freshMs) return known.inventory
    const inventory = inventories.lastKnown(site.id)
    taken.set(site.id, { atMs: nowMs, inventory })
    inventory.catch(() => taken.delete(site.id))
    return inventory
  }

  function documentOf(entity: Entity): Document {
    const known = documents.get(entity)
    if (known) return known
    const vmid = entity.facts['vmid']
    const made: Document = {
      name: entity.name.toLowerCase(),
      vmid: typeof vmid === 'number' ? String(vmid) : '',
      addresses: ` ${entity.addresses.join(' ')} `,
      rest: `${entity.tags.join(' ')} ${entity.id} ${entity.status}`.toLowerCase(),
    }
    documents.set(entity, made)
    return made
  }

  return {
    id: 'inventory',
    prefixes: Object.keys(kindsOfPrefix),
    async find(query, signal) {
      const { prefix } = query
      const isWanted = kindsOfPrefix[prefix ?? ''] ?? (() => true)
      const all = sites.list()
      for (const siteId of taken.keys()) if (!all.some((site) => site.id === siteId)) taken.delete(siteId)
      const found: SearchHit[] = []
      for (const site of all.toSorted((a, b) => Number(b.id === query.siteId) - Number(a.id === query.siteId))) {
        const inventory = await inventoryOf(site)
        if (signal.aborted) break
        const ranked: Array<[number, Entity]> = []
        for (const entity of inventory?.entities ?? []) {
          const rank = isWanted(entity) ? rankOf(entity, documentOf(entity), query) : null
          if (rank !== null) ranked.push([rank + importance(entity.kind), entity])
        }
        ranked.sort(([a, left], [b, right]) => a - b || left.name.length - right.name.length || (left.name < right.name ? -1 : 1))
        found.push(...perGroup(ranked, query.limit).map(([rank, entity]) => toHit(entity, rank, site, query)))
      }
      return found
    },
  }
}

/** Null = not it. The same address in full is as good as the name in full. */
export function rankOf(entity: Entity, document: Document, { text, words, prefix }: SearchQuery): number | null {
  if (prefix === 'ip' || prefix === 'mac') return addressRank(document, text)
  if (prefix === 'tag') return entity.tags.some((tag) => tag.toLowerCase().includes(text)) ? 1 : null
  if (document.name === text || (document.vmid !== '' && document.vmid === text)) return 0
  if (document.name.startsWith(text)) return 1
  const address = addressRank(document, text)
  if (address !== null) return address
  if (document.name.includes(text)) return 3
  const isAll = words.every((word) => document.name.includes(word) || document.rest.includes(word) || document.vmid === word || document.addresses.includes(` ${word}`))
  if (!isAll) return null
  return words.some((word) => document.name.includes(word)) ? 4 : 5
}

/** MACs are written with colons, dashes or nothing between. */
function addressRank(document: Document, text: string): number | null {
  const mac = /^[0-9a-f]{2}([:-]?[0-9a-f]{2}){2,5}$/.test(text) ? (text.replace(/[:-]/g, '').match(/../g) ?? []).join(':') : null
  for (const wanted of mac && mac !== text ? [text, mac] : [text]) {
    if (document.addresses.includes(` ${wanted} `)) return 0.5
    if (wanted.length > 1 && document.addresses.includes(` ${wanted}`)) return 2
  }
  return null
}

function perGroup(ranked: ReadonlyArray<[number, Entity]>, limit: number): Array<[number, Entity]> {
  const counts = new Map<string, number>()
  return ranked.filter(([, { kind }]) => {
    const group = groupOf(kind)
    const count = counts.get(group) ?? 0
    counts.set(group, count + 1)
    return count < limit
  })
}

function toHit(entity: Entity, rank: number, site: Site, { text, siteId }: SearchQuery): SearchHit {
  const vmid = entity.facts['vmid']
  const address = entity.addresses.find((one) => one.includes(text)) ?? entity.addresses[0]
  const parts = [
    entity.kind.replaceAll('-', ' '),
    typeof vmid === 'number' && entity.kind === 'guest' ? `VMID ${vmid}` : '',
    typeof entity.facts['namespace'] === 'string' ? entity.facts['namespace'] : '',
    entity.status,
    address ?? '',
    site.id === siteId ? '' : site.name,
  ]
  return {
    id: `entity/${site.id}/${entity.id}`,
    group: groupOf(entity.kind),
    title: entity.name,
    subtitle: parts.filter((part) => part !== '').join(' · '),
    rank,
    place: { path: '/map', query: { entity: entity.id } },
    siteId: site.id,
  }
}
