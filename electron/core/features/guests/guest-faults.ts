// The refusals of Proxmox VE that people meet when they act on guests, with what to do about each. Pure. The server's own
// sentence always stays: it is what the manuals and forums know.
import { AppError, isAppError, type ErrorCode } from '#shared/errors.ts'

interface Known {
  pattern: RegExp
  code: ErrorCode
  remedy(match: RegExpExecArray): string
}

const lockWords: Record<string, string> = {
  backup: 'A backup of it is under way',
  snapshot: 'A snapshot of it is being taken',
  'snapshot-delete': 'A snapshot of it is being deleted',
  rollback: 'It is being rolled back',
  migrate: 'It is being migrated',
  clone: 'It is being cloned',
  create: 'It is being created',
  suspending: 'It is being suspended to disk',
  suspended: 'It is suspended to disk; resume it first',
}

const known: readonly Known[] = [
  {
    pattern: /(?:VM|CT) is locked \(([\w-]+)\)/,
    code: 'conflict',
    remedy: ([, lock]) => `${lockWords[lock!] ?? `Something else holds it (${lock})`}. Its tasks show which; try again when that has ended.`,
  },
  {
    pattern: /Permission check failed \(([^,)]+), ([^)]+)\)/,
    code: 'forbidden',
    remedy: ([, path, privilege]) => `This identity needs ${privilege!.replaceAll('|', ' or ')} on ${path}: an administrator grants it under Datacenter → Permissions.`,
  },
  {
    pattern: /detected modified configuration/,
    code: 'conflict',
    remedy: () => 'Somebody changed the configuration meanwhile. Load it anew and make the change again.',
  },
  { pattern: /already running/, code: 'conflict', remedy: () => 'It runs already: there is nothing to start.' },
  { pattern: /(?:VM|CT) \d+ not running|is not running/, code: 'conflict', remedy: () => 'Start it first.' },
  { pattern: /config file already exists|already exists on node/, code: 'conflict', remedy: () => 'Choose another VMID: this one is taken.' },
  {
    pattern: /mapped devices|local resources|local devices|passed?-through/i,
    code: 'conflict',
    remedy: () => 'A device of the host is passed through to it. It can move only while it is stopped, to a node that has such a device.',
  },
  {
    pattern: /with-local-disks/,
    code: 'conflict',
    remedy: () => 'Its disks are local and high availability does not move them: take it out of high availability first, or move it while stopped.',
  },
  { pattern: /snapshot name '[^']*' already used/, code: 'conflict', remedy: () => 'Choose another name for the snapshot.' },
  { pattern: /snapshot feature is not available/, code: 'unsupported', remedy: () => 'One of its disks is on a storage that cannot take snapshots.' },
  { pattern: /storage '[^']*' (?:is not available|does not exist)/, code: 'conflict', remedy: () => 'Choose a storage that the target node has.' },
  { pattern: /no quorum|cluster not ready/i, code: 'conflict', remedy: () => 'The cluster has no quorum: nothing can be changed until enough nodes are back.' },
]

/** What to do about a sentence of the server; undefined when it is not one of those that are known. */
export function remedyFor(message: string): string | undefined {
  for (const { pattern, remedy } of known) {
    const match = pattern.exec(message)
    if (match) return remedy(match)
  }
  return undefined
}

/** The same failure with a code and a remedy that fit, where the sentence is known. */
export function explained(thrown: unknown): unknown {
  if (!isAppError(thrown) || thrown.detail?.kind === 'outcome-unknown') return thrown
  for (const { pattern, code, remedy } of known) {
    const match = pattern.exec(thrown.message)
    if (match)
      return new AppError(code, thrown.message, { remedy: remedy(match), target: thrown.target, detail: thrown.detail, retryable: false, cause: thrown })
  }
  return thrown
}
