// What a probe gives: a value that rules read, and the text that is kept as evidence. One answer serves every check that
// asks the same thing of the same system in a run.
import { createHash } from 'node:crypto'
import type { Evidence } from '#shared/model/compliance.ts'
import { redactJson, redactText } from './redact.ts'

/** Kept of one answer; the rest is said to be cut. */
export const maxEvidenceBytes = 192 * 1024

export interface KeptEvidence {
  meta: Evidence
  text: string
}

/** Redacts, cuts and hashes an answer. `value` is a text as it came, or what came as JSON. */
export function toEvidence(
  value: unknown,
  about: Pick<Evidence, 'probe' | 'target' | 'identity' | 'atMs' | 'elapsedMs' | 'appVersion' | 'problem'>,
): KeptEvidence {
  const cleaned = typeof value === 'string' ? { ...redactText(value.slice(0, maxEvidenceBytes)), isCut: value.length > maxEvidenceBytes } : redactJson(value, maxEvidenceBytes)
  const probe = redactText(about.probe).text
  const sha256 = createHash('sha256').update(cleaned.text).digest('hex')
  const id = createHash('sha256').update(`${about.target}\0${probe}\0${sha256}`).digest('hex').slice(0, 32)
  const meta: Evidence = {
    ...about,
    probe,
    problem: about.problem === null ? null : redactText(about.problem).text,
    id,
    sha256,
    byteLength: Buffer.byteLength(cleaned.text),
    isCut: cleaned.isCut,
    redactions: cleaned.redactions,
  }
  return { meta, text: cleaned.text }
}
