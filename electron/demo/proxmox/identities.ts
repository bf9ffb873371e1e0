// Who may do what on the demo cluster: users, API tokens, roles and access rules, with the inheritance of Proxmox VE.
// The server asks here for every call. Credentials are throw-away constants of the lab; none is good anywhere else.
import { isSame } from '../api2/tickets.ts'
import { isTotpValid } from '../api2/totp.ts'

export interface DemoUser {
  userId: string
  password: string
  comment: string
  totpSeed?: string
  groups: string[]
  realmType: 'pam' | 'pve'
}

export interface DemoToken {
  /** `user@realm!name` */
  tokenId: string
  secret: string
  comment: string
  /** With separation the token's rights are the intersection of its own and its user's. */
  isSeparated: boolean
}

/** The account that the demo site's own connection uses, and those that tests and curious users may try. */
export const demoUsers: readonly DemoUser[] = [
  { userId: 'root@pam', password: 'meridian-demo-root', comment: 'superuser', groups: [], realmType: 'pam' },
  {
    userId: 'meridian@pve',
    password: 'meridian-demo-app',
    comment: 'Meridian',
    groups: ['admins'],
    realmType: 'pve',
  },
  {
    userId: 'auditor@pve',
    password: 'meridian-demo-audit',
    comment: 'read only',
    groups: ['auditors'],
    realmType: 'pve',
  },
  {
    userId: 'operator@pve',
    password: 'meridian-demo-operate',
    comment: 'second factor by authenticator',
    totpSeed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    groups: ['operators'],
    realmType: 'pve',
  },
]

export const demoTokens: readonly DemoToken[] = [
  {
    tokenId: 'meridian@pve!app',
    secret: '6c1d2b7e-3f0a-4f6e-9d55-0a8c7b41e2f3',
    comment: 'the demo site of Meridian',
    isSeparated: true,
  },
  {
    tokenId: 'auditor@pve!read',
    secret: '0f4be7a1-92c3-4d18-b6a7-5e2d9c80f614',
    comment: 'read only',
    isSeparated: true,
  },
]

const auditRights = ['Datastore.Audit', 'Mapping.Audit', 'Pool.Audit', 'SDN.Audit', 'Sys.Audit', 'VM.Audit']
const configRights = ['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
  (area) => `VM.Config.${area}`,
)
const guestRights = [
  ...configRights,
  ...['Allocate', 'Audit', 'Backup', 'Clone', 'Console', 'Migrate', 'Monitor', 'PowerMgmt', 'Snapshot'].map(
    (right) => `VM.${right}`,
  ),
  'VM.Snapshot.Rollback',
]
const administratorRights = [
  ...new Set([
    ...auditRights,
    ...guestRights,
    ...['Allocate', 'AllocateSpace', 'AllocateTemplate'].map((right) => `Datastore.${right}`),
    'Group.Allocate',
    'Mapping.Modify',
    'Mapping.Use',
    'Permissions.Modify',
    'Pool.Allocate',
    'Realm.Allocate',
    'Realm.AllocateUser',
    'SDN.Allocate',
    'SDN.Use',
    'Sys.AccessNetwork',
    'Sys.Console',
    'Sys.Incoming',
    'Sys.Modify',
    'Sys.PowerMgmt',
    'Sys.Syslog',
    'User.Modify',
  ]),
]

/** Role → privileges. */
export const roles: ReadonlyMap<string, readonly string[]> = new Map([
  ['Administrator', administratorRights],
  ['PVEAuditor', auditRights],
  ['PVEVMAdmin', guestRights],
  [
    'PVEVMUser',
    ['VM.Audit', 'VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt'],
  ],
  ['PVEDatastoreUser', ['Datastore.AllocateSpace', 'Datastore.Audit']],
])

interface AccessRule {
  path: string
  /** `user@realm`, `user@realm!token` or `@group`. */
  who: string
  role: string
}

/** All rules propagate. */
export const accessRules: readonly AccessRule[] = [
  { path: '/', who: '@admins', role: 'Administrator' },
  { path: '/', who: 'meridian@pve!app', role: 'Administrator' },
  { path: '/', who: '@auditors', role: 'PVEAuditor' },
  { path: '/', who: 'auditor@pve!read', role: 'PVEAuditor' },
  { path: '/', who: '@operators', role: 'PVEAuditor' },
  { path: '/pool/projects', who: '@operators', role: 'PVEVMAdmin' },
  { path: '/pool/projects', who: '@operators', role: 'PVEAuditor' },
  { path: '/storage/pbs01', who: '@operators', role: 'PVEDatastoreUser' },
  { path: '/storage/nvmethin01', who: '@operators', role: 'PVEDatastoreUser' },
]

/** The identity behind a call. */
export interface Caller {
  userId: string
  /** `user@realm!name` when a token calls. */
  tokenId?: string
}

export const findUser = (userId: string): DemoUser | undefined =>
  demoUsers.find((user) => user.userId === userId)

/** The caller behind `user@realm!name` and its secret; undefined when either is wrong. */
export function callerOfToken(tokenId: string, secret: string): Caller | undefined {
  const token = demoTokens.find((known) => known.tokenId === tokenId)
  if (!token || !isSame(secret, token.secret)) return undefined
  return { userId: tokenId.split('!')[0] ?? '', tokenId }
}

/** True for `totp:123456` of a user with a second factor, at real time. */
export const isSecondFactorValid = (user: DemoUser, response: string): boolean =>
  user.totpSeed !== undefined &&
  response.startsWith('totp:') &&
  isTotpValid(user.totpSeed, response.slice('totp:'.length), Date.now())

/** Tells which pool a guest is in, because pools hand rights down to their members. */
export type PoolOf = (vmid: number) => string | undefined

/** Every privilege that the caller has on a path. */
export function privilegesOn(caller: Caller, path: string, poolOf: PoolOf): Set<string> {
  const ofUser = grantedTo(caller.userId, findUser(caller.userId)?.groups ?? [], path, poolOf)
  if (!caller.tokenId) return ofUser
  const isSeparated = demoTokens.find((token) => token.tokenId === caller.tokenId)?.isSeparated ?? true
  if (!isSeparated) return ofUser
  const ofToken = grantedTo(caller.tokenId, [], path, poolOf)
  return new Set([...ofUser].filter((privilege) => ofToken.has(privilege)))
}

function grantedTo(who: string, groups: readonly string[], path: string, poolOf: PoolOf): Set<string> {
  if (who === 'root@pam') return new Set(administratorRights)
  const granted = new Set<string>()
  for (const place of pathAndPool(path, poolOf)) {
    for (const privilege of nearestRules(who, groups, place)) granted.add(privilege)
  }
  return granted
}

/** A guest is judged by its own path and by that of its pool. */
function pathAndPool(path: string, poolOf: PoolOf): string[] {
  const vmid = /^\/vms\/(\d+)$/.exec(path)?.[1]
  const pool = vmid ? poolOf(Number(vmid)) : undefined
  return pool ? [path, `/pool/${pool}`] : [path]
}

/** Rules on the deepest path that has any for this identity; a user's own rules win over those of its groups. */
function nearestRules(who: string, groups: readonly string[], path: string): string[] {
  const segments = path.split('/').filter(Boolean)
  for (let depth = segments.length; depth >= 0; depth--) {
    const place = `/${segments.slice(0, depth).join('/')}`
    const here = accessRules.filter((rule) => rule.path === place)
    const own = here.filter((rule) => rule.who === who)
    const relevant =
      own.length > 0 ? own : here.filter((rule) => groups.some((group) => rule.who === `@${group}`))
    if (relevant.length > 0) return relevant.flatMap((rule) => [...(roles.get(rule.role) ?? [])])
  }
  return []
}

/** Paths on which `/access/permissions` reports when none is asked for. */
export const reportedPaths = ['/', '/access', '/nodes', '/pool', '/sdn', '/storage', '/vms', '/mapping']
