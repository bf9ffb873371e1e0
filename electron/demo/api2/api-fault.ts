// A refused or failed call of a demo API: status, message and the per-parameter reasons. Thrown by handlers and
// checks, turned into each product's own wire form by its server.

/** `message` becomes the reason phrase, so it is one line. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault'
  readonly status: number
  readonly errors: Record<string, string> | undefined

  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** The 500 with which Proxmox products answer most refusals of their own logic. */
export const runtimeFault = (message: string): ApiFault => new ApiFault(500, message)
