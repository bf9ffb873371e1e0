// An HTTPS client that keeps what it was asked, and a lease and a log for connector tests. Tests only.
import type { SecretName } from '#shared/model/connection.ts'
import type { Log } from '../../../platform.ts'
import type { SecretLease } from '../../../vault/vault.ts'
import type { HttpsCall, HttpsClient } from '../https-client.ts'

export interface RecordedCall {
  method: string
  path: string
  parameters: Record<string, unknown>
}

export function recordCalls(client: HttpsClient): { client: HttpsClient; calls: RecordedCall[] } {
  const calls: RecordedCall[] = []
  const record = (call: HttpsCall): void => {
    const body = typeof call.body === 'object' ? call.body : {}
    const parameters = Object.fromEntries(
      Object.entries({ ...call.query, ...body }).filter(([, value]) => value !== undefined),
    )
    calls.push({ method: call.method ?? 'GET', path: call.path, parameters })
  }
  const recording: HttpsClient = {
    ...client,
    json(call) {
      record(call)
      return client.json(call)
    },
    lines(call) {
      record(call)
      return client.lines(call)
    },
  }
  return { client: recording, calls }
}

export const leaseOf = (secrets: Partial<Record<SecretName, string>>): SecretLease => ({
  read: (name) => secrets[name],
})

/** Keeps every line, so that a test can search it for secrets. */
export function createTestLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const write = (text: string, fields?: Record<string, unknown>): void =>
    void lines.push(`${text} ${JSON.stringify(fields ?? {})}`)
  const log = { lines, debug: write, info: write, warn: write, error: write, child: () => log }
  return log
}
