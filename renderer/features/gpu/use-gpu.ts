// What the GPU screen shows of one host: the live view, and the curves: history from the store, then each new reading.
import { useEffect, useState } from 'react'
import { useClient, useFollow } from '#client/client-context.ts'
import type { GpuHistory, GpuReading, GpuView } from '#shared/contracts/gpu.ts'
import type { ConnectionId } from '#shared/model/connection.ts'

/** A coarse span is read again once in a while instead of growing by single readings. */
const finestSpanMs = 60 * 60_000
const rereadMs = 60_000

export function useGpu(connectionId: ConnectionId, spanMs: number) {
  const client = useClient()
  const [view, setView] = useState<GpuView>({ state: 'connecting', reading: null, error: null })
  const [history, setHistory] = useState<GpuHistory>({ timesMs: [], gpus: [] })
  useFollow(connectionId, (to, options) => to.gpu.watch({ connectionId }, options), setView)
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const read = (): void =>
      void client.gpu.history({ connectionId, spanMs }, { signal }).then(
        (known) => !signal.aborted && setHistory(known),
        // The live view says what is wrong; curves without their past are still curves.
        () => undefined,
      )
    read()
    const timer = spanMs > finestSpanMs ? setInterval(read, rereadMs) : undefined
    return () => {
      controller.abort()
      clearInterval(timer)
    }
  }, [client, connectionId, spanMs])
  const { reading } = view
  useEffect(() => {
    if (reading && spanMs <= finestSpanMs) setHistory((known) => withReading(known, reading, spanMs))
  }, [reading, spanMs])
  return { view, history }
}

/** One more point for each card; what is older than the span falls off. */
export function withReading(known: GpuHistory, reading: GpuReading, spanMs: number): GpuHistory {
  if ((known.timesMs.at(-1) ?? 0) >= reading.atMs) return known
  const kept = known.timesMs.findIndex((atMs) => atMs >= reading.atMs - spanMs)
  const from = kept < 0 ? known.timesMs.length : kept
  const timesMs = [...known.timesMs.slice(from), reading.atMs]
  const uuids = new Set([...known.gpus, ...reading.gpus].map(({ uuid }) => uuid))
  const gpus = [...uuids].map((uuid) => {
    const past = known.gpus.find((one) => one.uuid === uuid)
    const now = reading.gpus.find((one) => one.uuid === uuid)
    const grow = (values: readonly (number | null)[] | undefined, value: number | null | undefined) => [
      ...(values ?? known.timesMs.map(() => null)).slice(from),
      value ?? null,
    ]
    return {
      uuid,
      utilizationPercent: grow(past?.utilizationPercent, now?.utilizationPercent),
      memoryUsedMebibytes: grow(past?.memoryUsedMebibytes, now?.memoryUsedMebibytes),
      temperatureC: grow(past?.temperatureC, now?.temperatureC),
      powerWatts: grow(past?.powerWatts, now?.powerWatts),
    }
  })
  return { timesMs, gpus }
}
