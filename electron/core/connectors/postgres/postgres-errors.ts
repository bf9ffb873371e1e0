// PostgreSQL's faults as AppErrors: every sentence names the connection, says what happened and what to do. The only
// place that knows SQLSTATEs. Codes: PostgreSQL, Appendix A.
import { AppError, isAppError, type ErrorCode, type ErrorTarget } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { ServerFields } from './decode/server-fields.ts'

/** Who was spoken to, for sentences. */
export interface PostgresParty {
  /** The connection's label, e.g. `proj-pg01`. */
  label: string
  connectionId?: string | undefined
  settings: SettingsOf<'postgres'>
}

export const endpointOf = ({ settings }: PostgresParty): string =>
  `${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${settings.port}`

export const targetOf = (party: PostgresParty): ErrorTarget => ({
  system: 'PostgreSQL',
  endpoint: endpointOf(party),
  connectionId: party.connectionId,
})

/** What the core knows about the moment of an error beyond what the server says. */
export interface FaultMoment {
  isCancelRequested?: boolean
  timeoutMs?: number | undefined
}

interface Verdict {
  code: ErrorCode
  message: string
  remedy?: string
  retryable?: boolean
  isReadOnly?: boolean
}

/** An ErrorResponse as an AppError. Its detail is `sql`, or `read-only` for a refused write. */
export function serverError(fields: ServerFields, party: PostgresParty, moment: FaultMoment = {}): AppError {
  const sqlState = fields['C'] ?? 'XX000'
  const said = sentence(fields['M'] ?? 'The server gave no reason')
  const verdict = judge(sqlState, said, party, moment)
  const position = Number(fields['P'])
  return new AppError(verdict.code, verdict.message, {
    remedy: verdict.remedy ?? (fields['H'] ? sentence(fields['H']) : undefined),
    target: targetOf(party),
    retryable: verdict.retryable,
    detail: verdict.isReadOnly
      ? { kind: 'read-only', scope: party.label }
      : {
          kind: 'sql',
          sqlState,
          position: Number.isInteger(position) && position > 0 ? position : undefined,
          hint: fields['H'],
          detail: fields['D'],
        },
  })
}

function judge(sqlState: string, said: string, party: PostgresParty, moment: FaultMoment): Verdict {
  const { label, settings } = party
  switch (sqlState) {
    case '28P01':
    case '28000':
      return {
        code: 'unauthenticated',
        message: `${label} refused to log in “${settings.user}”: ${said}`,
        remedy: 'Check the user and the password of the connection, and the server’s pg_hba.conf.',
      }
    case '3D000':
      return {
        code: 'not-found',
        message: `${label}: ${said}`,
        remedy: 'Choose a database that the server has.',
      }
    case '42501':
      return {
        code: 'forbidden',
        message: `${label}: ${said}`,
        remedy: `Ask the owner to grant “${settings.user}” this right.`,
      }
    case '25006':
      return {
        code: 'forbidden',
        message: `${label} did not run it, because this run may only read: ${said}`,
        remedy: 'Allow writing for one run.',
        isReadOnly: true,
      }
    case '57014':
      return judgeCancel(said, label, moment)
    case '53300':
      return {
        code: 'rate-limited',
        message: `${label} has no connection to spare: ${said}`,
        remedy: 'Wait, or end other sessions of the server.',
      }
    case '57P01':
    case '57P02':
    case '57P03':
      return {
        code: 'unreachable',
        message: `${label} ended the connection: ${said}`,
        remedy: 'Wait until the server is up again, then run it once more.',
      }
    case '55P03':
      return {
        code: 'timeout',
        message: `${label}: ${said}`,
        remedy: 'Another session holds a lock; try again when it has ended.',
      }
    case '40001':
    case '40P01':
      return { code: 'conflict', message: `${label}: ${said}`, remedy: 'Run it again.', retryable: true }
    default:
      return judgeClass(sqlState.slice(0, 2), said, label)
  }
}

function judgeCancel(said: string, label: string, { isCancelRequested, timeoutMs }: FaultMoment): Verdict {
  if (isCancelRequested) return { code: 'cancelled', message: `The statement was cancelled on ${label}.` }
  if (/timeout/i.test(said) || timeoutMs !== undefined)
    return {
      code: 'timeout',
      message:
        timeoutMs === undefined
          ? `${label} stopped the statement: ${said}`
          : `${label} stopped the statement after its limit of ${timeoutMs / 1000} s.`,
      remedy: 'Raise the time limit, or let the statement read less.',
      retryable: false,
    }
  return {
    code: 'upstream',
    message: `Somebody else stopped the statement on ${label}: ${said}`,
    remedy: 'Run it again.',
  }
}

/** The first two letters of a SQLSTATE are its class. */
function judgeClass(sqlClass: string, said: string, label: string): Verdict {
  if (sqlClass === '08') return { code: 'unreachable', message: `The connection to ${label} failed: ${said}` }
  if (sqlClass === '0A') return { code: 'unsupported', message: `${label}: ${said}` }
  if (sqlClass === '53')
    return {
      code: 'upstream',
      message: `${label} ran out of room: ${said}`,
      remedy: 'Free disk or memory on the server, or let the statement use less.',
      retryable: true,
    }
  if (['21', '22', '23', '25', '26', '2B', '34', '3B', '3F', '42', '44', 'P0'].includes(sqlClass))
    return { code: 'invalid-input', message: `${label}: ${said}` }
  return { code: 'upstream', message: `${label}: ${said}` }
}

/** The server's text as a sentence, without control characters. */
function sentence(text: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = text
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, 2000)
  const capital = clean.charAt(0).toUpperCase() + clean.slice(1)
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`
}

/** The connection went away in the middle of something. `isWrite` leaves its outcome open. */
export function connectionLost(
  party: PostgresParty,
  options: { isWrite?: boolean; cause?: unknown } = {},
): AppError {
  return new AppError('unreachable', `The connection to ${party.label} was lost.`, {
    remedy: options.isWrite
      ? 'Look at the tables before you run it again: it is not known whether the server carried it out.'
      : 'What had arrived is kept. Check the network and the server, then run it again.',
    target: targetOf(party),
    detail: options.isWrite ? { kind: 'outcome-unknown', action: 'the statement' } : undefined,
    cause: options.cause,
  })
}

/** The server sent what PostgreSQL never sends. */
export const brokenProtocol = (party: PostgresParty, what: string): AppError =>
  new AppError(
    'upstream',
    `${party.label} does not speak PostgreSQL’s protocol as it should: ${sentence(what)}`,
    {
      remedy: `Check that ${endpointOf(party)} is a PostgreSQL server, and that nothing in between changes its answers.`,
      target: targetOf(party),
    },
  )

interface DriverError {
  code?: unknown
  severity?: unknown
  message?: unknown
  detail?: unknown
  hint?: unknown
  position?: unknown
}

/** Anything the driver throws. Node's own socket errors become a lost connection. */
export function fromDriver(thrown: unknown, party: PostgresParty, moment: FaultMoment = {}): AppError {
  if (isAppError(thrown)) return thrown
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverError
  if (typeof error.severity === 'string' && typeof error.code === 'string') {
    const known = { C: error.code, M: error.message, D: error.detail, H: error.hint, P: error.position }
    const fields = Object.fromEntries(
      Object.entries(known).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
    return serverError(fields, party, moment)
  }
  const said = typeof error.message === 'string' ? error.message : ''
  if (/SASL|SCRAM|authentication type|password/i.test(said))
    return new AppError(
      'unauthenticated',
      `Logging in to ${party.label} failed in the exchange of the password.`,
      {
        remedy: 'Check the password of the connection, and how the server’s pg_hba.conf wants it proven.',
        target: targetOf(party),
        cause: thrown,
      },
    )
  return connectionLost(party, { cause: thrown })
}
