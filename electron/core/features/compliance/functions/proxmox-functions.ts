// What rules must know of Proxmox VE and Proxmox Backup Server beyond single fields: tokens of users, who holds
// administrator rights, which rules open management ports, groups of snapshots. Pure; written against the API's shapes.
import { RuleFault } from '../rules/rule-fault.ts'
import type { RuleFunction } from '../rules/rule-functions.ts'
import { asRow, asRows, asText, isYes, readOf, rowsField, textField, type Row } from './arguments.ts'

const managementPorts: readonly [number, number][] = [
  [22, 22],
  [8006, 8006],
  [3128, 3128],
  [5900, 5999],
  [60_000, 60_050],
]
const managementMacros = ['ssh', 'vnc', 'spice', 'spiceproxy', 'pmg']

/** Tokens of all users. Proxmox VE names a token by its last part, the backup server by the whole id. */
function tokens(users: unknown): Row[] {
  return asRows(users).flatMap((user) =>
    rowsField(user, 'tokens').map((token) => {
      const name = textField(token, 'tokenid') || textField(token, 'token-name')
      const userId = textField(user, 'userid')
      return {
        id: name.includes('!') ? name : `${userId}!${name}`,
        user: userId,
        isSeparated: isYes(token['privsep'] ?? 1),
        isEnabled: isYes(token['enable'] ?? 1),
        expire: Number(token['expire'] ?? 0),
        comment: textField(token, 'comment'),
      }
    }),
  )
}

/** Everyone with Administrator, or a role as strong, on `/`; with how many people that makes in all. */
function administratorHolders(acl: unknown, roles: unknown, groups: unknown): Row[] {
  const strong = new Set(
    asRows(roles)
      .filter((role) => {
        const held = textField(role, 'privs').split(',')
        return held.includes('Permissions.Modify') && held.includes('Sys.Modify')
      })
      .map((role) => textField(role, 'roleid')),
  ).add('Administrator')
  const membersOf = new Map(
    asRows(groups).map((one) => [textField(one, 'groupid'), textField(one, 'users').split(',').filter(Boolean)]),
  )
  const held = asRows(acl).filter((entry) => strong.has(textField(entry, 'roleid')) && textField(entry, 'path') === '/')
  const people = new Set(
    held.flatMap((entry) => {
      const who = textField(entry, 'ugid')
      if (entry['type'] === 'group') return membersOf.get(who) ?? []
      return entry['type'] === 'user' ? [who] : []
    }),
  )
  return held.map((entry) => ({
    who: `${entry['type'] === 'group' ? '@' : ''}${textField(entry, 'ugid')}`,
    userCount: people.size,
  }))
}

function coversManagement(rule: Row): string | null {
  const macro = textField(rule, 'macro').toLowerCase()
  if (macro !== '') return managementMacros.includes(macro) ? macro : null
  const ports = textField(rule, 'dport')
  if (ports === '') {
    const protocol = textField(rule, 'proto').toLowerCase()
    return ['', 'tcp', 'udp', 'all'].includes(protocol) ? 'every port' : null
  }
  for (const part of ports.split(',')) {
    const [from = NaN, to = from] = part.split(':').map(Number)
    if (managementPorts.some(([low, high]) => from <= high && to >= low)) return `port ${part}`
  }
  return null
}

/** Enabled rules that let everybody, or the data network, reach management ports. */
function openManagementRules(cluster: unknown, groupRules: unknown, nodeRules: unknown, dataSubnet: unknown): Row[] {
  const sets: [string, Row[]][] = [
    ['datacenter', asRows(cluster)],
    ...asRows(groupRules).map((item): [string, Row[]] => [`group ${textField(asRow(item['of']), 'group')}`, asRows(readOf(item))]),
    ...asRows(nodeRules).map((item): [string, Row[]] => [`node ${textField(asRow(item['of']), 'node')}`, asRows(readOf(item))]),
  ]
  return sets.flatMap(([where, rules]) =>
    rules.flatMap((rule) => {
      const source = textField(rule, 'source')
      const isOpen = ['', '0.0.0.0/0', '::/0', asText(dataSubnet)].includes(source)
      const what = coversManagement(rule)
      const isIn = textField(rule, 'type') === 'in' && textField(rule, 'action').toUpperCase() === 'ACCEPT'
      if (!isOpen || !isIn || what === null || !isYes(rule['enable'] ?? 1)) return []
      const position = textField(rule, 'pos')
      return [{ where: `${where}, rule ${position}`, position, what, source: source || 'anywhere' }]
    }),
  )
}

/** The date after `keep-until` in a comment, as milliseconds; 0 without one. */
const keepUntil = (comment: unknown): number => {
  const found = /keep-until[:= ]+(\d{4}-\d{2}-\d{2})/i.exec(asText(comment))
  return found ? Date.parse(found[1]!) : 0
}

const enabledHandles = (sources: unknown): string =>
  rowsField(asRow(sources), 'standard-repos')
    .filter((one) => isYes(one['status'] ?? false))
    .map((one) => textField(one, 'handle'))
    .sort()
    .join(', ')

/** The `type` of the datacenter's `migration` option, which comes as a record or as `type=…,network=…`. */
const migrationType = (option: unknown): string => {
  if (option === null || option === undefined) return 'secure'
  if (typeof option === 'string') return /type=(\w+)/.exec(option)?.[1] ?? (/^\w+$/.test(option) ? option : 'secure')
  return textField(asRow(option), 'type') || 'secure'
}

/** What pveproxy serves: its own certificate when there is one, else the node's. */
function servedCertificate(certificates: unknown): Row {
  const all = asRows(certificates)
  const named = (name: string): Row | undefined => all.find((one) => textField(one, 'filename').endsWith(name))
  const found = named('pveproxy-ssl.pem') ?? named('pve-ssl.pem')
  if (!found) throw new RuleFault('The node names no certificate that it serves.')
  return found
}
const strongKey = (certificate: unknown): boolean => {
  const row = asRow(certificate)
  const kind = textField(row, 'public-key-type')
  const bits = Number(row['public-key-bits'] ?? 0)
  return /^(id-ecPublicKey|EC|ED25519)/i.test(kind) ? bits >= 256 || /ED25519/i.test(kind) : bits >= 2048
}

const agentOn = (option: unknown): boolean =>
  option === 1 || option === true || (typeof option === 'string' && /^1|enabled=1/.test(option))

const namespacesOf = (items: unknown): Row[] =>
  asRows(items).flatMap((item) =>
    asRows(readOf(item)).map((space) => ({ store: textField(asRow(item['of']), 'store'), ns: textField(space, 'ns') })),
  )

/** Snapshots by group, newest first. */
function backupGroups(items: unknown): Row[] {
  const groups = new Map<string, { row: Row; snapshots: Row[] }>()
  for (const item of asRows(items)) {
    const { store, ns } = asRow(item['of']) as { store: string; ns: string }
    for (const snapshot of asRows(readOf(item))) {
      const [type, id] = [textField(snapshot, 'backup-type'), textField(snapshot, 'backup-id')]
      const name = `${store}${ns === '' ? '' : `/${ns}`}:${type}/${id}`
      const known = groups.get(name) ?? { row: { name, store, ns, type, id }, snapshots: [] }
      known.snapshots.push(snapshot)
      groups.set(name, known)
    }
  }
  return [...groups.values()].map(({ row, snapshots }) => {
    const timeOf = (one: Row): number => Number(one['backup-time'] ?? 0)
    snapshots.sort((left, right) => timeOf(right) - timeOf(left))
    return { ...row, snapshots, lastMs: timeOf(snapshots[0]!) * 1000, comment: textField(snapshots[0]!, 'comment') }
  })
}

const storagesOfNodes = (items: unknown): Row[] =>
  asRows(items).flatMap((item) =>
    asRows(readOf(item)).map((storage): Row => ({ ...storage, node: textField(asRow(item['of']), 'node') })),
  )

/** Bridges and VLANs that a guest's network cards stand on. */
const networksOf = (config: unknown): string[] => [
  ...new Set(
    Object.entries(asRow(config))
      .filter(([key, value]) => /^net\d+$/.test(key) && typeof value === 'string')
      .map(([, value]) => {
        const bridge = /bridge=([\w.]+)/.exec(String(value))?.[1] ?? 'no bridge'
        const vlan = /tag=(\d+)/.exec(String(value))?.[1]
        return vlan ? `${bridge} VLAN ${vlan}` : bridge
      }),
  ),
]

/** IPv4 addresses and which assets report them. */
function addressesOf(interfaces: unknown, agents: unknown): Row[] {
  const found = new Map<string, Set<string>>()
  const note = (address: string, asset: string): void => {
    if (!/^\d+(\.\d+){3}$/.test(address) || address.startsWith('127.')) return
    found.set(address, (found.get(address) ?? new Set()).add(asset))
  }
  for (const item of asRows(interfaces))
    for (const one of asRows(readOf(item))) note(textField(one, 'address'), textField(asRow(item['of']), 'node'))
  for (const item of asRows(agents)) {
    const guest = asRow(asRow(item['of'])['of'])
    for (const one of rowsField(asRow(readOf(item)), 'result'))
      // Bridges that every container host has under the same address are no addresses of the lab.
      if (!/^(docker|br-|veth|cni|flannel|lxcbr|virbr|cali)/.test(textField(one, 'name')))
        for (const address of rowsField(one, 'ip-addresses')) note(textField(address, 'ip-address'), textField(guest, 'name'))
  }
  return [...found].map(([address, assets]) => ({ address, assets: [...assets] }))
}

export const proxmoxFunctions: Readonly<Record<string, RuleFunction>> = {
  tokens,
  administratorHolders,
  openManagementRules,
  keepUntil,
  enabledHandles,
  migrationType,
  servedCertificate,
  strongKey,
  agentOn,
  namespacesOf,
  backupGroups,
  storagesOfNodes,
  networksOf,
  addressesOf,
}
