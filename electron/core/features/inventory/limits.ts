// What an identity is refused while a system is looked at: told as sentences beside a picture that is otherwise live.
// A refusal is not a failure; anything else is and passes through.
import { isAppError, type AppError } from '#shared/errors.ts'

/** A problem of rights, or of something this version does not have, rather than of the system. */
export const isForbidden = (error: unknown): error is AppError =>
  isAppError(error) && (error.code === 'forbidden' || error.code === 'unsupported')

/** What this identity was refused during one look. */
export class Limits {
  private readonly found = new Map<string, AppError | undefined>()

  clear(): void {
    this.found.clear()
  }

  note(what: string, error?: AppError): void {
    if (!this.found.has(what)) this.found.set(what, error)
  }

  /** The answer, or `otherwise` when it is refused; other failures pass on. */
  async allow<T>(what: string, otherwise: T, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (!isForbidden(error)) throw error
      this.note(what, isAppError(error) ? error : undefined)
      return otherwise
    }
  }

  sentences(): string[] {
    return [...this.found].map(
      ([what, error]) =>
        `Not visible to this identity: ${what}${error?.detail?.kind === 'http' && error.detail.reason ? ` (${error.detail.reason})` : ''}.`,
    )
  }
}
