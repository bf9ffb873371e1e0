// Signed assessments as a chain: each record is frozen as text, and its hash covers that text together with the hash of
// the record before. Whoever changes, removes or inserts one breaks every link after it. Pure.
import { createHash } from 'node:crypto'
import type { SignOffRow } from '../../../storage/compliance-store.ts'

/** What the first record names as its predecessor. */
export const chainStart = '0'.repeat(64)

/** JSON with keys in order, so that the same content always has the same hash. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`)
      .join(',')}}`
  return JSON.stringify(value) ?? 'null'
}

export const hashOf = (previousHash: string, body: string): string =>
  createHash('sha256').update(previousHash).update('\n').update(body).digest('hex')

/** The next record of a chain. */
export function sealRecord(chain: readonly SignOffRow[], runId: string, content: Record<string, unknown>): SignOffRow {
  const last = chain.at(-1)
  const sequence = (last?.sequence ?? 0) + 1
  const previousHash = last?.hash ?? chainStart
  const body = canonicalJson({ ...content, sequence, runId, previousHash })
  return { sequence, runId, previousHash, hash: hashOf(previousHash, body), body }
}

export interface ChainState {
  isIntact: boolean
  records: number
  brokenAt: number | null
  says: string
}

/** Recomputes every link. */
export function verifyChain(chain: readonly SignOffRow[]): ChainState {
  let previousHash = chainStart
  for (const [index, row] of chain.entries()) {
    const problem = faultOf(row, index + 1, previousHash)
    if (problem) return { isIntact: false, records: chain.length, brokenAt: row.sequence, says: problem }
    previousHash = row.hash
  }
  const says = chain.length === 0 ? 'Nothing has been signed yet.' : chain.length === 1 ? 'The one signed record is as it was signed.' : `All ${chain.length} signed records fit together.`
  return { isIntact: true, records: chain.length, brokenAt: null, says }
}

function faultOf(row: SignOffRow, expected: number, previousHash: string): string | undefined {
  if (row.sequence !== expected) return `Record ${expected} is missing: record ${row.sequence} follows in its place.`
  if (row.previousHash !== previousHash) return `Record ${row.sequence} does not follow the record before it.`
  if (hashOf(row.previousHash, row.body) !== row.hash) return `The content of record ${row.sequence} was changed after it was signed.`
  const inside = JSON.parse(row.body) as { sequence?: unknown; runId?: unknown; previousHash?: unknown }
  if (inside.sequence !== row.sequence || inside.runId !== row.runId || inside.previousHash !== row.previousHash)
    return `Record ${row.sequence} does not say the same inside and outside.`
  return undefined
}
