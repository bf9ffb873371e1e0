// One object's page while it is open: described anew after each of its changes, and now and then for what changes
// around it (events, pods, use). A description that says the same as the last one is not sent.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import type { KubeObjectPage, ObjectRef } from '#shared/model/kubernetes.ts'
import type { Cluster } from './cluster-desk.ts'
import { describeObject } from './describe-object.ts'

const pauseMs = 1_000
const refreshMs = 8_000
const anything = z.unknown()

/** Null when it is gone; it goes on and tells if one of the same name comes. Failures are thrown. */
export async function* watchObject(
  cluster: Cluster,
  ref: ObjectRef,
  options: { signal: AbortSignal; now: () => number },
): AsyncGenerator<{ object: KubeObjectPage | null }, void, void> {
  const { signal, now } = options
  const kind = await cluster.kind(ref.kindId, signal)
  const ending = new AbortController()
  const stop = (): void => ending.abort()
  signal.addEventListener('abort', stop, { once: true })
  let isChanged = false
  let wake: (() => void) | undefined
  const changed = (): void => {
    isChanged = true
    wake?.()
  }
  const pause = (ms: number, isWoken: boolean): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        ending.signal.removeEventListener('abort', end)
        wake = undefined
        resolve()
      }
      const timer = setTimeout(end, ms)
      if (isWoken) wake = end
      ending.signal.addEventListener('abort', end, { once: true })
    })

  async function follow(resourceVersion: string): Promise<void> {
    const fieldSelector = `metadata.name=${ref.name}`
    const where = { resourceVersion, namespace: ref.namespace ?? undefined }
    const spec = { base: kind.base, plural: kind.plural, isNamespaced: kind.isNamespaced, fieldSelector, shape: anything }
    try {
      for await (const event of cluster.connector().watch(spec, where, ending.signal)) if (event.type !== 'bookmark') changed()
    } catch {
      // The refresh below reads the state all the same, and tells what is wrong.
    }
  }

  let following: Promise<void> | undefined
  let last = ''
  try {
    while (!signal.aborted) {
      isChanged = false
      const object = await describeObject(cluster, ref, { signal, nowMs: now() }).catch((error: unknown) => {
        if (isAppError(error) && error.code === 'not-found') return null
        throw error
      })
      const text = object ? JSON.stringify({ ...object, summary: [] }) : 'gone'
      if (text !== last) yield { object }
      last = text
      if (object && !following) following = follow(object.resourceVersion).finally(() => (following = undefined))
      await pause(pauseMs, false)
      if (!isChanged) await pause(refreshMs, true)
    }
  } finally {
    signal.removeEventListener('abort', stop)
    ending.abort()
  }
}
