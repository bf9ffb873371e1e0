// Whether a change that failed may have happened all the same. A request that reached the server and whose answer was
// lost is in doubt: it must be resolved by reading the state, never by sending it again.
import { AppError, isAppError } from '#shared/errors.ts'
import type { CallName } from './https-faults.ts'

/** States in which a proxy has lost the server behind it after it passed the request on. 596 is Proxmox' own. */
const lostBehind = new Set([502, 504, 596, 599])

/**
 * `failure` as it is for a read, for a request that never left and for a plain refusal; else the same failure with the
 * detail `outcome-unknown`. `thrown` is what the request itself ended with.
 */
export function inDoubt(failure: AppError, call: CallName, thrown: unknown): AppError {
  const method = call.method ?? 'GET'
  if (method === 'GET' || !mayHaveHappened(failure, thrown)) return failure
  const action = `${method} ${call.path}`
  return new AppError(failure.code, failure.message, {
    remedy: 'Whether it was done is not known: look at the current state before you do it again.',
    target: failure.target,
    detail: { kind: 'outcome-unknown', action },
    retryable: false,
    cause: thrown,
  })
}

function mayHaveHappened(failure: AppError, thrown: unknown): boolean {
  if (isAppError(thrown)) {
    if (thrown.detail?.kind === 'http') return lostBehind.has(thrown.detail.status)
    // An answer had begun, and broke off or was no JSON: the server has acted.
    return thrown.detail === undefined && thrown.code === 'upstream'
  }
  const { wasSent } = (thrown ?? {}) as { wasSent?: boolean }
  return wasSent === true || (failure.code === 'timeout' && wasSent !== false)
}
