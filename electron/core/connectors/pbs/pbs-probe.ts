// The connection test's questions to Proxmox Backup Server: does the login work, may this identity see datastores
// and their content, is the version one that Meridian knows.
import { AppError } from '#shared/errors.ts'
import type { Probe, ProbeStep } from '../probe.ts'
import { asAppError } from '../proxmox/proxmox-connector.ts'
import { createPbsConnector, type PbsConnector } from './pbs-connector.ts'

const knownMajors = [3, 4]

export const probePbs: Probe<'pbs'> = async function* (settings, secrets, { signal, log }) {
  const connector = createPbsConnector(settings, secrets, { log, now: Date.now })
  try {
    yield* probeSteps(connector, signal)
  } finally {
    connector.dispose()
  }
}

type ProbeSlice = Pick<PbsConnector, 'permissions' | 'version' | 'identity'>

async function* probeSteps(connector: ProbeSlice, signal: AbortSignal): AsyncGenerator<ProbeStep> {
  let version: string
  let permissions: Record<string, Record<string, unknown>>
  try {
    ;({ version } = await connector.version(signal))
    permissions = await connector.permissions(signal)
  } catch (thrown) {
    const error = asAppError(thrown)
    yield { step: 'authentication', state: 'failed', finding: error.message, error }
    return
  }
  yield { step: 'authentication', state: 'passed', finding: `Logged in as ${connector.identity}.` }
  const rights = judgePbsRights(permissions, connector.identity)
  yield rights
  if (rights.state === 'failed') return
  const isKnown = knownMajors.includes(Number(/^(\d+)/.exec(version)?.[1]))
  yield {
    step: 'version',
    state: 'passed',
    finding: isKnown
      ? `Proxmox Backup Server ${version}.`
      : `Proxmox Backup Server ${version} is not a version that Meridian was made for (3 and 4): some things may be missing.`,
  }
}

/** Pure: what these rights let the inventory see. Fails only when no datastore can be seen. */
export function judgePbsRights(
  permissions: Record<string, Record<string, unknown>>,
  identity: string,
): ProbeStep {
  const has = (privilege: string, paths: string[]): boolean =>
    paths.some((path) => permissions[path]?.[privilege] !== undefined)
  const seesAll = has('Datastore.Audit', ['/', '/datastore'])
  const stores = Object.entries(permissions)
    .filter(([path, rights]) => path.startsWith('/datastore/') && rights['Datastore.Audit'] !== undefined)
    .map(([path]) => path.slice('/datastore/'.length))
  const remedy = `Grant the role Audit on / to ${identity}${identity.includes('!') ? ' and to its user (a token gets what both have)' : ''}: Configuration → Access Control → Permissions → Add.`
  if (!seesAll && stores.length === 0) {
    const finding = `${identity} may see no datastore: it lacks Datastore.Audit on /datastore.`
    return {
      step: 'permission',
      state: 'failed',
      finding,
      error: new AppError('forbidden', finding, { remedy }),
    }
  }
  const unseen = [
    ...(seesAll ? [] : [`datastores other than ${stores.join(', ')} (Datastore.Audit on /datastore)`]),
    ...(has('Sys.Audit', ['/', '/system']) ? [] : ['the server itself (Sys.Audit on /system)']),
  ]
  return {
    step: 'permission',
    state: 'passed',
    finding:
      unseen.length === 0
        ? 'May see the server, its datastores and their backups.'
        : `${identity} cannot see ${unseen.join(' and ')}. ${remedy}`,
  }
}
