// Jobs in a cluster that this Meridian did not submit: shown in the same list, watched but not kept. Those of another
// Meridian carry who sent them.
import type { Job } from '#shared/contracts/jobs.ts'
import { annotation } from './labels.ts'
import { millisOf, type Observation } from './observation.ts'

interface Metadata {
  name: string
  namespace?: string | undefined
  creationTimestamp?: string | null | undefined
  annotations?: Record<string, string> | null | undefined
}

export function otherJob(
  metadata: Metadata,
  observation: Observation,
  where: { siteId: Job['siteId']; connection: { id: Job['connectionId']; label: string }; target: Job['target'] },
): Job {
  const { siteId, connection, target } = where
  const { annotations } = metadata
  const { state, words, progress, startedAtMs, endedAtMs, cores, parts } = observation
  return {
    jobId: `${target}/${connection.id}/${metadata.namespace ?? ''}/${metadata.name}`,
    siteId,
    name: annotations?.[annotation('name')] ?? metadata.name,
    target,
    connectionId: connection.id,
    connectionLabel: connection.label,
    namespace: metadata.namespace ?? null,
    objectName: metadata.name,
    isOwn: false,
    templateId: annotations?.[annotation('template')] ?? null,
    templateVersion: annotations?.[annotation('template-version')] ?? null,
    templateTitle: null,
    submittedBy: annotations?.[annotation('submitted-by')] ?? '',
    submittedAtMs: millisOf(metadata.creationTimestamp) ?? 0,
    startedAtMs,
    endedAtMs,
    state,
    words,
    progress,
    cores,
    coreHours: coreHours(cores, parts, startedAtMs, endedAtMs, target),
    source: null,
    resultRunId: null,
    resultNote: null,
    seenAtMs: null,
    isArchived: false,
    error: null,
  }
}

/** Cores asked for times the hours they were held: by each pod where pods are known, else by the whole. */
export function coreHours(
  cores: number | null,
  parts: readonly { startedAtMs: number | null; endedAtMs: number | null }[],
  startedAtMs: number | null,
  endedAtMs: number | null,
  target: Job['target'],
  nowMs = Date.now(),
): number | null {
  if (cores === null || startedAtMs === null) return null
  const spans = target === 'kubernetes-job' && parts.some((part) => part.startedAtMs !== null) ? parts : [{ startedAtMs, endedAtMs }]
  const heldMs = spans.reduce((sum, span) => sum + (span.startedAtMs === null ? 0 : Math.max(0, (span.endedAtMs ?? nowMs) - span.startedAtMs)), 0)
  return (cores * heldMs) / 3_600_000
}
