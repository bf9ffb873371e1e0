// /access of the demo cluster: login with password, second factor and ticket renewal; realms; who may do what.
import { ApiFault } from '../../api2/api-fault.ts'
import { flag, optional, requiring, text } from '../../api2/parameters.ts'
import { isSame } from '../../api2/tickets.ts'
import { isClean } from '../../world/site.ts'
import { ownerOf, may, route, type PveCall } from '../call.ts'
import {
  accessRules,
  demoTokens,
  demoUsers,
  findUser,
  isSecondFactorValid,
  privilegesOn,
  reportedPaths,
  roles,
  type Caller,
  type DemoUser,
} from '../identities.ts'

const challengePrefix = '!tfa!'
const loginFailure = () => new ApiFault(401, 'authentication failure')

/** Login answer with everything a client needs from here on. */
function session(call: PveCall, user: DemoUser) {
  const caller: Caller = { userId: user.userId }
  const capabilities: Record<string, Record<string, number>> = {}
  for (const [area, path] of [
    ['access', '/access'],
    ['dc', '/'],
    ['nodes', '/nodes'],
    ['storage', '/storage'],
    ['vms', '/vms'],
    ['mapping', '/mapping'],
    ['sdn', '/sdn'],
  ] as const) {
    capabilities[area] = Object.fromEntries(
      [...privilegesOn(caller, path, call.cluster.poolOf)].map((it) => [it, 1]),
    )
  }
  const isAuditor = may({ ...call, caller }, '/', ['Sys.Audit'])
  return {
    username: user.userId,
    ticket: call.tickets.issue(user.userId),
    CSRFPreventionToken: call.tickets.issueCsrf(user.userId),
    cap: capabilities,
    ...(isAuditor ? { clustername: call.cluster.site.site.cluster } : {}),
  }
}

/** A ticket that only serves to answer the second factor's challenge. */
function challenge(call: PveCall, user: DemoUser) {
  const question = encodeURIComponent(JSON.stringify({ totp: true }))
  return {
    username: user.userId,
    ticket: call.tickets.issue(`${challengePrefix}${question}|${user.userId}`),
    CSRFPreventionToken: call.tickets.issueCsrf(user.userId),
    NeedTFA: 1,
  }
}

function logIn(call: PveCall, user: DemoUser, password: string, otp: string | undefined) {
  const renewal = call.tickets.check(password)
  if (renewal.state === 'valid') {
    if (renewal.data !== user.userId) throw loginFailure()
    return session(call, user)
  }
  if (!isSame(password, user.password)) throw loginFailure()
  if (!user.totpSeed) return session(call, user)
  if (otp === undefined) return challenge(call, user)
  if (!isSecondFactorValid(user, otp)) throw loginFailure()
  return session(call, user)
}

function answerChallenge(call: PveCall, user: DemoUser, response: string, ticket: string) {
  const check = call.tickets.check(ticket)
  const isOwn =
    check.state === 'valid' &&
    check.data.startsWith(challengePrefix) &&
    check.data.endsWith(`|${user.userId}`)
  if (!isOwn || !isSecondFactorValid(user, response)) throw loginFailure()
  return session(call, user)
}

const permissionsOf = (call: PveCall, caller: Caller, path: string | undefined) =>
  Object.fromEntries(
    (path ? [path] : [...reportedPaths, ...call.cluster.guests().map((guest) => `/vms/${guest.vmid}`)])
      .map((place) => [place, privilegesOn(caller, place, call.cluster.poolOf)] as const)
      .filter(([, granted]) => granted.size > 0)
      .map(([place, granted]) => [place, Object.fromEntries([...granted].sort().map((it) => [it, 1]))]),
  )

export const accessRoutes = [
  route('POST', '/access/ticket', {
    needs: 'world',
    isTokenAllowed: false,
    parameters: {
      username: text(),
      password: text(),
      realm: optional(text()),
      otp: optional(text()),
      'tfa-challenge': optional(text()),
      path: optional(requiring('privs', text())),
      privs: optional(requiring('path', text())),
      'new-format': optional(flag()),
    },
    run(input, call) {
      const userId =
        input.realm && !input.username.includes('@') ? `${input.username}@${input.realm}` : input.username
      const known = findUser(userId)
      if (!known) throw loginFailure()
      const user = withFactor(call, known)
      const ticket = input['tfa-challenge']
      if (ticket !== undefined) {
        if (input.otp !== undefined) throw new ApiFault(400, "cannot mix 'otp' and 'tfa-challenge'")
        return answerChallenge(call, user, input.password, ticket)
      }
      return logIn(call, user, input.password, input.otp)
    },
  }),
  route('GET', '/access/ticket', { needs: 'world', run: () => null }),
  route('GET', '/access/domains', {
    needs: 'world',
    run: (_input, call) => [
      { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication', ...demandsFactor(call) },
      { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server', default: 1, ...demandsFactor(call) },
    ],
  }),
  route('GET', '/access/permissions', {
    needs: 'login',
    parameters: { path: optional(text({ pattern: /^\// })), userid: optional(text()) },
    run(input, call) {
      const own = ownerOf(call)
      const asked = input.userid ?? own
      if (asked !== own && !may(call, '/access', ['Sys.Audit'])) {
        throw new ApiFault(403, 'Permission check failed (/access, Sys.Audit)')
      }
      const caller = asked.includes('!')
        ? { userId: asked.split('!')[0] ?? '', tokenId: asked }
        : { userId: asked }
      return permissionsOf(call, caller, input.path)
    },
  }),
  route('GET', '/access/users', {
    needs: 'login',
    parameters: { enabled: optional(flag()), full: optional(flag()) },
    run: (input, call) =>
      demoUsers
        .filter(
          (user) =>
            user.userId === call.caller?.userId ||
            may(call, '/access/groups', ['User.Modify', 'Sys.Audit'], true),
        )
        .map((user) => ({
          userid: user.userId,
          enable: 1,
          expire: 0,
          comment: user.comment,
          'realm-type': user.realmType,
          ...(input.full ? { groups: user.groups.join(','), tokens: tokensOf(call, user.userId) } : {}),
        })),
  }),
  route('GET', '/access/users/{userid}', {
    needs: { path: '/access/groups', privileges: ['User.Modify', 'Sys.Audit'], isAnyEnough: true },
    run(input, call) {
      const user = findUser(input.userid)
      if (!user) throw new ApiFault(500, `no such user ('${input.userid}')`)
      const tokens = Object.fromEntries(tokensOf(call, user.userId).map(({ tokenid, ...rest }) => [tokenid, rest]))
      return { enable: 1, expire: 0, comment: user.comment, groups: user.groups, tokens }
    },
  }),
  route('GET', '/access/users/{userid}/token', {
    needs: 'login',
    run(input, call) {
      if (input.userid !== call.caller?.userId && !may(call, '/access/groups', ['User.Modify'])) {
        throw new ApiFault(403, 'Permission check failed (/access/groups, User.Modify)')
      }
      return tokensOf(call, input.userid)
    },
  }),
  route('GET', '/access/roles', {
    needs: 'login',
    run: () =>
      [...roles].map(([roleid, privileges]) => ({ roleid, privs: privileges.join(','), special: 1 })),
  }),
  route('GET', '/access/groups', {
    needs: 'login',
    run: (_input, call) =>
      may(call, '/access/groups', ['User.Modify', 'Sys.Audit'], true)
        ? [...new Set(demoUsers.flatMap((user) => user.groups))].map((groupid) => ({
            groupid,
            users: demoUsers
              .filter((user) => user.groups.includes(groupid))
              .map((user) => user.userId)
              .join(','),
          }))
        : [],
  }),
  route('GET', '/access/acl', {
    needs: 'login',
    run: (_input, call) =>
      may(call, '/access', ['Sys.Audit', 'Permissions.Modify'], true)
        ? accessRules.map((rule) => ({
            path: rule.path,
            roleid: rule.role,
            propagate: 1,
            type: rule.who.startsWith('@') ? 'group' : rule.who.includes('!') ? 'token' : 'user',
            ugid: rule.who.replace(/^@/, ''),
          }))
        : [],
  }),
]

/** The clean lab lets nobody in by password alone; users without a factor of their own share the lab's. */
const labSeed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const withFactor = (call: PveCall, user: DemoUser): DemoUser =>
  isClean(call.cluster.site) ? { ...user, totpSeed: user.totpSeed ?? labSeed } : user
const demandsFactor = (call: PveCall) => (isClean(call.cluster.site) ? { tfa: 'oath' } : {})
const tokenDays = 180

/** Who has which second factor. */
export const factorsOf = (call: PveCall) =>
  demoUsers
    .map((user) => withFactor(call, user))
    .filter((user) => user.totpSeed !== undefined)
    .map((user) => ({
      userid: user.userId,
      entries: [{ id: `totp-${user.userId.split('@')[0]}`, type: 'totp', description: 'authenticator', created: 1_750_000_000, enable: 1 }],
    }))

const tokensOf = (call: PveCall, userId: string) =>
  demoTokens
    .filter((token) => token.tokenId.startsWith(`${userId}!`))
    .map((token) => ({
      tokenid: token.tokenId.split('!')[1] ?? '',
      comment: token.comment,
      privsep: token.isSeparated ? 1 : 0,
      expire: isClean(call.cluster.site) ? Math.floor(call.nowMs / 1000) + tokenDays * 86_400 : 0,
    }))
