// What a security check reads of the demo backup server: second factors, access rules, notifications, updates. The
// lived-in lab carries known sins here (see compliance/sins.ts); the clean one has none of them.
import { optional, flag, text } from '../../api2/parameters.ts'
import { isClean } from '../../world/site.ts'
import { may, route, type PbsCall } from '../call.ts'
import { pbsUsers } from '../identities.ts'

const clean = (call: PbsCall): boolean => isClean(call.server.site)
const systemAudit = { path: '/system/notifications', privileges: ['Sys.Audit'] } as const

/** The roles behind the privileges of identities.ts; the careless one lets the cluster delete its own backups. */
const rulesOf = (call: PbsCall) => {
  const entry = (ugid: string, roleid: string, path: string) => ({ ugid, ugid_type: 'user', roleid, path, propagate: true })
  const writer = clean(call) ? 'DatastoreBackup' : 'DatastorePowerUser'
  const store = `/datastore/${call.server.backups.datastore}`
  return [
    entry('meridian@pbs', 'Admin', '/'),
    entry('meridian@pbs!app', 'Admin', '/'),
    entry('auditor@pbs', 'Audit', '/'),
    entry('auditor@pbs!read', 'Audit', '/'),
    entry('operator@pbs', 'Audit', '/'),
    entry('backup@pbs', writer, store),
    entry('backup@pbs!pve', writer, store),
  ]
}

export const securityRoutes = [
  route('GET', '/access/tfa', {
    needs: 'login',
    run: (_input, call) =>
      pbsUsers
        .filter((user) => user.userId === call.caller?.userId || may(call, '/access/users', ['Sys.Audit', 'Permissions.Modify'], true))
        .filter((user) => clean(call) || user.totpSeed !== undefined)
        .map((user) => ({
          userid: user.userId,
          'totp-locked': false,
          entries: [{ id: `totp-${user.userId.split('@')[0]}`, type: 'totp', description: 'authenticator', created: 1_750_000_000, enable: true }],
        })),
  }),
  route('GET', '/access/acl', {
    needs: 'login',
    parameters: { path: optional(text({ pattern: /^\// })), exact: optional(flag()) },
    run: (input, call) =>
      may(call, '/access/acl', ['Sys.Audit', 'Permissions.Modify'], true)
        ? rulesOf(call).filter(({ path }) =>
            input.path === undefined ? true : input.exact ? path === input.path : input.path.startsWith(path),
          )
        : [],
  }),
  route('GET', '/config/notifications/matchers', {
    needs: systemAudit,
    run: (_input, call) => [
      {
        name: 'default-matcher',
        comment: 'Route all notifications to mail-to-root',
        mode: 'all',
        origin: 'builtin',
        // Muted for a noisy night and never switched on again.
        disable: !clean(call),
        target: ['mail-to-root'],
      },
    ],
  }),
  route('GET', '/config/notifications/targets', {
    needs: systemAudit,
    run: () => [{ name: 'mail-to-root', type: 'sendmail', origin: 'builtin', comment: "Send mails to root@pam's email address" }],
  }),
  route('GET', '/nodes/{node}/apt/update', {
    needs: { path: '/system/updates', privileges: ['Sys.Audit'] },
    run: (_input, call) =>
      clean(call)
        ? []
        : [{ Package: 'openssl', Version: '3.0.17-1~deb12u3', OldVersion: '3.0.16-1~deb12u1', Origin: 'Debian-Security', Title: 'Secure Sockets Layer toolkit', Priority: 'optional', Section: 'utils', Arch: 'amd64', Description: 'This package is part of the OpenSSL project.' }],
  }),
]
