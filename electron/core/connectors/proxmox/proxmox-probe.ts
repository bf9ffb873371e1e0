// The connection test's questions to Proxmox VE: does the login work, may this identity see the cluster, is the
// version one that Meridian knows.
import { AppError } from '#shared/errors.ts'
import type { Probe, ProbeStep } from '../probe.ts'
import { asAppError, createProxmoxConnector } from './proxmox-connector.ts'
import type { Permissions } from './proxmox-shapes.ts'

const knownMajors = [8, 9]

/** What the inventory reads, and the paths whose privilege (propagating) lets it see all of it. */
const neededRights: ReadonlyArray<{ privilege: string; paths: string[]; shows: string }> = [
  { privilege: 'Sys.Audit', paths: ['/', '/nodes'], shows: 'the nodes' },
  { privilege: 'VM.Audit', paths: ['/', '/vms'], shows: 'the guests' },
  { privilege: 'Datastore.Audit', paths: ['/', '/storage'], shows: 'the storages' },
]

export const probeProxmox: Probe<'proxmox'> = async function* (settings, secrets, { signal, log }) {
  const connector = createProxmoxConnector(settings, secrets, { log, now: Date.now })
  try {
    yield* probeSteps(connector, signal)
  } finally {
    connector.dispose()
  }
}

type ProbeSlice = Pick<ReturnType<typeof createProxmoxConnector>, 'permissions' | 'version' | 'identity'>

async function* probeSteps(connector: ProbeSlice, signal: AbortSignal): AsyncGenerator<ProbeStep> {
  let permissions: Permissions
  let version: string
  try {
    // Both need a valid login and nothing else.
    ;({ version } = await connector.version(signal))
    permissions = await connector.permissions(signal)
  } catch (thrown) {
    const error = asAppError(thrown)
    yield { step: 'authentication', state: 'failed', finding: error.message, error }
    return
  }
  yield { step: 'authentication', state: 'passed', finding: `Logged in as ${connector.identity}.` }
  const rights = judgeRights(permissions, connector.identity)
  yield rights
  if (rights.state === 'failed') return
  yield judgeVersion(version)
}

/** Pure: what these rights let the inventory see. Fails only when they show nothing at all. */
export function judgeRights(permissions: Permissions, identity: string): ProbeStep {
  const missing = neededRights.filter(
    ({ privilege, paths }) => !paths.some((path) => permissions[path]?.[privilege] !== undefined),
  )
  if (missing.length === 0)
    return { step: 'permission', state: 'passed', finding: 'May see nodes, guests and storages.' }
  const isAnywhere = Object.values(permissions).some((rights) =>
    Object.keys(rights).some((name) => name.endsWith('.Audit')),
  )
  const unseen = missing
    .map(({ privilege, paths, shows }) => `${shows} (${privilege} on ${paths.at(-1)})`)
    .join(', ')
  const remedy = grantSentence(identity)
  if (isAnywhere)
    return {
      step: 'permission',
      state: 'passed',
      finding: `${identity} cannot see all of: ${unseen}. ${remedy}`,
    }
  const finding = `${identity} may see nothing: it lacks ${unseen}.`
  return {
    step: 'permission',
    state: 'failed',
    finding,
    error: new AppError('forbidden', finding, { remedy }),
  }
}

/** How an administrator grants what the inventory needs. */
export function grantSentence(identity: string): string {
  const isToken = identity.includes('!')
  const target = isToken
    ? `the API token ${identity} (and its user: a token with privilege separation gets what both have)`
    : identity
  return `Grant the role PVEAuditor on / with "Propagate" to ${target}: Datacenter → Permissions → Add.`
}

function judgeVersion(version: string): ProbeStep {
  const major = Number(/^(\d+)/.exec(version)?.[1])
  const isKnown = knownMajors.includes(major)
  return {
    step: 'version',
    state: 'passed',
    finding: isKnown
      ? `Proxmox VE ${version}.`
      : `Proxmox VE ${version} is not a version that Meridian was made for (8 and 9): some things may be missing.`,
  }
}
