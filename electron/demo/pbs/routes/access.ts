// /access, /ping and /version of the demo backup server. The second factor has no flag of its own here: the ticket
// itself says so.
import { ApiFault } from '../../api2/api-fault.ts'
import { flag, integer, optional, text } from '../../api2/parameters.ts'
import { isSame } from '../../api2/tickets.ts'
import { isClean } from '../../world/site.ts'
import { may, ownerOf, route, type PbsCall } from '../call.ts'
import {
  findPbsUser,
  isPbsFactorValid,
  pbsPrivileges,
  pbsTokens,
  pbsUsers,
  type PbsUser,
} from '../identities.ts'

const challengePrefix = '!tfa!'
const labSeed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const tokenDays = 180
const loginFailure = () => new ApiFault(401, 'permission check failed.')

const session = (call: PbsCall, user: PbsUser) => ({
  username: user.userId,
  ticket: call.tickets.issue(user.userId),
  CSRFPreventionToken: call.tickets.issueCsrf(user.userId),
})

function challenge(call: PbsCall, user: PbsUser) {
  const question = encodeURIComponent(JSON.stringify({ totp: true, recovery: [] }))
  return {
    username: user.userId,
    ticket: call.tickets.issue(`${challengePrefix}${question}|${user.userId}`),
    CSRFPreventionToken: 'invalid',
  }
}

function logIn(call: PbsCall, user: PbsUser, password: string) {
  const renewal = call.tickets.check(password)
  if (renewal.state === 'valid' && renewal.data === user.userId) return session(call, user)
  if (!isSame(password, user.password)) throw loginFailure()
  return user.totpSeed ? challenge(call, user) : session(call, user)
}

function answerChallenge(call: PbsCall, user: PbsUser, response: string, ticket: string) {
  const check = call.tickets.check(ticket)
  const isOwn =
    check.state === 'valid' &&
    check.data.startsWith(challengePrefix) &&
    check.data.endsWith(`|${user.userId}`)
  if (!isOwn || !isPbsFactorValid(user, response)) throw loginFailure()
  return session(call, user)
}

const reportedPaths = (call: PbsCall): string[] => [
  '/',
  '/access',
  '/datastore',
  `/datastore/${call.server.backups.datastore}`,
  '/remote',
  '/system',
]

export const accessRoutes = [
  route('GET', '/ping', { needs: 'world', run: () => ({ pong: true }) }),
  route('GET', '/version', {
    needs: 'login',
    run(_input, call) {
      const [major = '3', minor = '4', release = '1'] = call.server.site.backup.server.versions.pbs.split('.')
      return { version: `${major}.${minor}`, release, repoid: 'f5b09a3d2c7e41b68d90aa31c2f4e5b6d7081928' }
    },
  }),
  route('POST', '/access/ticket', {
    needs: 'world',
    isTokenAllowed: false,
    parameters: {
      username: text(),
      password: optional(text()),
      'tfa-challenge': optional(text()),
      path: optional(text()),
      privs: optional(text()),
      port: optional(integer({ minimum: 0, maximum: 65_535 })),
    },
    run(input, call) {
      const known = findPbsUser(input.username)
      if (!known) throw loginFailure()
      // The clean lab lets nobody in by password alone; users without a factor of their own share the lab's.
      const user = isClean(call.server.site) ? { ...known, totpSeed: known.totpSeed ?? labSeed } : known
      const ticket = input['tfa-challenge']
      const password = input.password ?? ''
      return ticket === undefined
        ? logIn(call, user, password)
        : answerChallenge(call, user, password, ticket)
    },
  }),
  route('GET', '/access/domains', {
    needs: 'world',
    run: () => [
      { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication', default: true },
      { realm: 'pbs', type: 'pbs', comment: 'Proxmox Backup authentication server' },
    ],
  }),
  route('GET', '/access/permissions', {
    needs: 'login',
    parameters: { 'auth-id': optional(text()), path: optional(text({ pattern: /^\// })) },
    run(input, call) {
      const asked = input['auth-id'] ?? ownerOf(call)
      const isOwn = asked === ownerOf(call) || asked.startsWith(`${ownerOf(call)}!`)
      if (!isOwn && !may(call, '/access', ['Sys.Audit']))
        throw new ApiFault(403, 'not allowed to list permissions of other users')
      const caller = asked.includes('!')
        ? { userId: asked.split('!')[0] ?? '', tokenId: asked }
        : { userId: asked }
      return Object.fromEntries(
        (input.path ? [input.path] : reportedPaths(call))
          .map((path) => [path, [...pbsPrivileges(caller, path)].sort()] as const)
          .filter(([, granted]) => granted.length > 0)
          .map(([path, granted]) => [path, Object.fromEntries(granted.map((it) => [it, true]))]),
      )
    },
  }),
  route('GET', '/access/users', {
    needs: 'login',
    parameters: { include_tokens: optional(flag()) },
    run: (input, call) =>
      pbsUsers
        .filter((user) => user.userId === call.caller?.userId || may(call, '/access/users', ['Sys.Audit']))
        .map((user) => ({
          userid: user.userId,
          comment: user.comment,
          enable: true,
          ...(input.include_tokens
            ? {
                tokens: pbsTokens
                  .filter((token) => token.tokenId.startsWith(`${user.userId}!`))
                  .map((token) => ({
                    tokenid: token.tokenId,
                    comment: token.comment,
                    enable: true,
                    ...(isClean(call.server.site) ? { expire: Math.floor(call.nowMs / 1000) + tokenDays * 86_400 } : {}),
                  })),
              }
            : {}),
        })),
  }),
]
