// The Kubernetes feature: rows, object pages, changes, logs and forwarded ports of every cluster. Each piece of work
// takes its connector anew; what lives longer (feeds, forwards, drains) is kept by the desks beside this file.
import { contract } from '#shared/contracts/index.ts'
import type { LogRequest } from '#shared/contracts/kubernetes.ts'
import { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { inspectCertificate } from '../../connectors/tls/certificate-inspection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import type { CallContext } from '../../router/call-context.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import {
  applyManifest,
  changeObject,
  cordonNode,
  removeObject,
  restartObject,
  scaleObject,
  suspendObject,
  triggerCronJob,
  type ChangeContext,
} from './change-desk.ts'
import { createClusterDesk } from './cluster-desk.ts'
import { createDrainDesk } from './drain-desk.ts'
import { createForwardDesk } from './forward-desk.ts'
import { findSources, streamLogs, writeLogs } from './log-stream.ts'
import { watchOverview } from './overview.ts'
import { watchObject } from './watch-object.ts'
import { watchRows } from './watch-rows.ts'

export type KubernetesCore = Pick<CoreServices, 'connectors' | 'platform' | 'pipeline' | 'streams'>

interface Call {
  context: CallContext
  signal?: AbortSignal | undefined
}

export function createKubernetesFeature(core: KubernetesCore) {
  const { now } = core.platform
  const desk = createClusterDesk(core)
  const drains = createDrainDesk()
  const forwards = createForwardDesk(now)
  const ending = ({ signal, context }: Call): AbortSignal =>
    signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal
  const change = (connectionId: ConnectionId, call: Call): ChangeContext => ({
    cluster: desk.cluster(connectionId),
    signal: ending(call),
    audit: call.context.audit,
    now,
  })
  async function certificateEndsAtMs(connectionId: ConnectionId, signal: AbortSignal): Promise<number | null> {
    const { hostname, port } = new URL(desk.cluster(connectionId).connector().server)
    const { validTo } = await inspectCertificate(hostname.replace(/^\[|\]$/g, ''), Number(port || 443), { signal })
    const endsAtMs = Date.parse(validTo)
    return Number.isNaN(endsAtMs) ? null : endsAtMs
  }

  const os = implementFeature(contract.kubernetes, core.pipeline)
  const router = os.router({
    catalog: os.catalog.handler(async ({ input, signal }) => {
      const { version, kinds, gaps } = await desk.cluster(input.connectionId).catalog(signal)
      return { version, kinds, gaps }
    }),
    watchRows: os.watchRows.handler(({ input, ...call }) =>
      watchRows(desk.cluster(input.connectionId), input.kindId, input.namespaces, ending(call)),
    ),
    watchObject: os.watchObject.handler(({ input, ...call }) =>
      watchObject(desk.cluster(input.connectionId), input.ref, { signal: ending(call), now }),
    ),
    watchOverview: os.watchOverview.handler(({ input, ...call }) => {
      const signal = ending(call)
      return watchOverview(desk.cluster(input.connectionId), {
        signal,
        now,
        certificateEndsAtMs: () => certificateEndsAtMs(input.connectionId, signal),
      })
    }),
    checkChange: os.checkChange.handler(({ input, ...call }) =>
      changeObject(change(input.connectionId, call), input.ref, { yaml: input.yaml, isDryRun: true }),
    ),
    applyChange: os.applyChange.handler(({ input, ...call }) =>
      changeObject(change(input.connectionId, call), input.ref, { ...input, isDryRun: false }),
    ),
    checkManifest: os.checkManifest.handler(({ input, ...call }) =>
      applyManifest(change(input.connectionId, call), { ...input, isDryRun: true }),
    ),
    applyManifest: os.applyManifest.handler(({ input, ...call }) =>
      applyManifest(change(input.connectionId, call), { ...input, isDryRun: false }),
    ),
    scale: os.scale.handler(({ input, ...call }) =>
      scaleObject(change(input.connectionId, call), input.ref, input.replicas),
    ),
    restart: os.restart.handler(({ input, ...call }) => restartObject(change(input.connectionId, call), input.ref)),
    suspend: os.suspend.handler(({ input, ...call }) =>
      suspendObject(change(input.connectionId, call), input.ref, input.isSuspended),
    ),
    trigger: os.trigger.handler(({ input, ...call }) => triggerCronJob(change(input.connectionId, call), input.ref)),
    cordon: os.cordon.handler(({ input, ...call }) =>
      cordonNode(change(input.connectionId, call), input.ref, input.isCordoned),
    ),
    remove: os.remove.handler(({ input, ...call }) => removeObject(change(input.connectionId, call), input.ref, input)),
    planDrain: os.planDrain.handler(({ input, ...call }) =>
      drains.plan(desk.cluster(input.connectionId), input.ref, ending(call)),
    ),
    drain: os.drain.handler(({ input, ...call }) => {
      if (input.confirmation !== input.ref.name)
        throw new AppError('invalid-input', `To drain ${input.ref.name}, its name must be typed.`, {
          detail: { kind: 'confirmation', expected: input.ref.name },
        })
      const options = { acceptsLosses: input.acceptsLosses, timeoutMs: input.timeoutSeconds * 1000 }
      return drains.drain(change(input.connectionId, call), input.ref, options)
    }),
    watchDrains: os.watchDrains.handler((call) => drains.watch(ending(call))),
    readLogs: os.readLogs.handler(async ({ input, ...call }) => {
      await refuseNothing(input, call)
      return core.streams.offer(call.context.peer, {
        contentType: 'text/plain; charset=utf-8',
        open: (signal) => streamLogs(desk.cluster(input.connectionId), input, signal),
      })
    }),
    saveLogs: os.saveLogs.handler(async ({ input, ...call }) => {
      await refuseNothing(input, call)
      const name = 'pods' in input.of ? input.of.pods[0]! : input.of.workload.name
      return core.streams.offer(call.context.peer, {
        contentType: 'text/plain; charset=utf-8',
        filename: `${name}.log`,
        open: (signal) => writeLogs(desk.cluster(input.connectionId), input, signal),
      })
    }),
    watchForwards: os.watchForwards.handler((call) => forwards.watch(ending(call))),
    startForward: os.startForward.handler(({ input, ...call }) => {
      call.context.audit?.describe(`Forward port ${input.remotePort} of ${input.ref.name}`)
      return forwards.start(desk.cluster(input.connectionId), input.ref, input, ending(call))
    }),
    stopForward: os.stopForward.handler(({ input }) => forwards.stop(input.forwardId)),
  })

  /** A body cannot say why it is empty: what is wrong is told before it begins. */
  async function refuseNothing(input: LogRequest & { connectionId: ConnectionId }, call: Call): Promise<void> {
    const sources = await findSources(desk.cluster(input.connectionId), input, ending(call))
    if (sources.length > 0) return
    throw new AppError('not-found', 'There is no pod here whose log could be read.', {
      remedy: 'Start one first: a workload that is scaled to 0 has none.',
    })
  }

  const dispose = (): void => {
    desk.dispose()
    drains.dispose()
    forwards.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}
