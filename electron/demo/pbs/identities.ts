// Who may do what on the demo backup server: users, API tokens, roles, access rules. Credentials are throw-away
// constants of the lab. Simpler than Proxmox VE's: roles propagate, tokens have rules of their own.
import { isSame } from '../api2/tickets.ts'
import { isTotpValid } from '../api2/totp.ts'

export interface PbsUser {
  userId: string
  password: string
  comment: string
  totpSeed?: string
}

export interface PbsCaller {
  /** `user@realm` */
  userId: string
  /** `user@realm!name` when a token calls. */
  tokenId?: string
}

export const pbsUsers: readonly PbsUser[] = [
  { userId: 'root@pam', password: 'meridian-demo-root', comment: 'superuser' },
  { userId: 'meridian@pbs', password: 'meridian-demo-app', comment: 'Meridian' },
  { userId: 'auditor@pbs', password: 'meridian-demo-audit', comment: 'read only' },
  {
    userId: 'operator@pbs',
    password: 'meridian-demo-operate',
    comment: 'second factor by authenticator',
    totpSeed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  },
  { userId: 'backup@pbs', password: 'meridian-demo-backup', comment: 'writes backups' },
]

export const pbsTokens = [
  {
    tokenId: 'meridian@pbs!app',
    secret: '9b2f4c80-7d1e-4a35-8f6c-3e5a1d90b7c2',
    comment: 'the demo site of Meridian',
  },
  { tokenId: 'auditor@pbs!read', secret: '2e8d6a13-b4f7-4c09-a1d5-7f3c0b9e6482', comment: 'read only' },
  {
    tokenId: 'backup@pbs!pve',
    secret: '51c7f0e9-6a2b-4d84-9e3f-b8d01a7c5f26',
    comment: 'storage pbs01 of the cluster',
  },
] as const

const auditRights = ['Datastore.Audit', 'Sys.Audit']
const adminRights = [
  ...auditRights,
  'Datastore.Allocate',
  'Datastore.Backup',
  'Datastore.Modify',
  'Datastore.Prune',
  'Datastore.Read',
  'Datastore.Verify',
  'Permissions.Modify',
  'Realm.Allocate',
  'Remote.Audit',
  'Remote.Modify',
  'Remote.Read',
  'Sys.Console',
  'Sys.Modify',
  'Sys.PowerManagement',
]
const powerUserRights = ['Datastore.Backup', 'Datastore.Prune', 'Datastore.Read']

/** Rules by identity: path prefix → privileges. Deeper rules replace those above. */
const rules: Record<string, { path: string; rights: readonly string[] }[]> = {
  'root@pam': [{ path: '/', rights: adminRights }],
  'meridian@pbs': [{ path: '/', rights: adminRights }],
  'meridian@pbs!app': [{ path: '/', rights: adminRights }],
  'auditor@pbs': [{ path: '/', rights: auditRights }],
  'auditor@pbs!read': [{ path: '/', rights: auditRights }],
  'operator@pbs': [
    { path: '/', rights: auditRights },
    { path: '/datastore', rights: [...auditRights, 'Datastore.Verify', 'Datastore.Read'] },
  ],
  'backup@pbs': [{ path: '/datastore', rights: powerUserRights }],
  'backup@pbs!pve': [{ path: '/datastore', rights: powerUserRights }],
}

export const findPbsUser = (userId: string): PbsUser | undefined =>
  pbsUsers.find((user) => user.userId === userId)

/** The caller behind a token's id and secret; undefined when either is wrong. */
export function callerOfPbsToken(tokenId: string, secret: string): PbsCaller | undefined {
  const token = pbsTokens.find((known) => known.tokenId === tokenId)
  if (!token || !isSame(secret, token.secret)) return undefined
  return { userId: tokenId.split('!')[0] ?? '', tokenId }
}

export const isPbsFactorValid = (user: PbsUser, response: string): boolean =>
  user.totpSeed !== undefined &&
  response.startsWith('totp:') &&
  isTotpValid(user.totpSeed, response.slice('totp:'.length), Date.now())

/** Privileges on a path; a token has at most what its user has. */
export function pbsPrivileges(caller: PbsCaller, path: string): Set<string> {
  const ofUser = new Set(rightsOf(caller.userId, path))
  if (!caller.tokenId) return ofUser
  return new Set(rightsOf(caller.tokenId, path).filter((right) => ofUser.has(right)))
}

function rightsOf(who: string, path: string): readonly string[] {
  const covering = (rules[who] ?? []).filter(
    (rule) => rule.path === '/' || path === rule.path || path.startsWith(`${rule.path}/`),
  )
  return covering.toSorted((a, b) => b.path.length - a.path.length)[0]?.rights ?? []
}
