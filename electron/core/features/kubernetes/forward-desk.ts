// Forwarded ports: local listeners on 127.0.0.1, each connection over a WebSocket of its own. A service's listener
// outlives its pods: each connection goes to a pod that is ready now. They end with Meridian or by the user.
import { randomUUID } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import type { Forward } from '#shared/contracts/kubernetes.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import { fieldAt, listAt, numberAt, recordAt, textAt } from '#shared/model/kubernetes-fields.ts'
import { refText, type ObjectRef } from '#shared/model/kubernetes.ts'
import { getObject, type AnyObject } from '../../connectors/kubernetes/kubernetes-objects.ts'
import { forwardConnection } from '../../connectors/kubernetes/port-forward.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import type { Cluster } from './cluster-desk.ts'
import { podsBehind } from './pods-behind.ts'

const mostForwards = 50
const mostConnections = 200
const tellMs = 500

interface Target {
  namespace: string
  pod: string
  port: number
}

export interface ForwardDesk {
  start(cluster: Cluster, ref: ObjectRef, ports: { remotePort: number; localPort: number }, signal?: AbortSignal): Promise<Forward>
  stop(forwardId: string): Promise<void>
  watch(signal: AbortSignal): AsyncGenerator<{ forwards: Forward[] }, void, void>
  dispose(): void
}

export function createForwardDesk(now: () => number): ForwardDesk {
  const running = new Map<string, RunningForward>()
  const feed: Feed<{ forwards: Forward[] }> = createFeed()
  let timer: NodeJS.Timeout | undefined
  const all = (): { forwards: Forward[] } => ({ forwards: [...running.values()].map((item) => ({ ...item.told })) })
  const tell = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      feed.publish(all())
    }, tellMs)
  }
  return {
    async start(cluster, ref, ports, signal) {
      if (running.size >= mostForwards)
        throw new AppError('conflict', `${mostForwards} ports are forwarded already.`, { remedy: 'Stop some that are no longer needed.' })
      const kind = await cluster.kind(ref.kindId, signal)
      if (kind.kind !== 'Pod' && kind.kind !== 'Service')
        throw new AppError('unsupported', 'Ports of pods and services can be forwarded, nothing else.')
      const first = await findTarget(cluster, ref, ports.remotePort, undefined)
      const told: Forward = {
        id: randomUUID(),
        connectionId: cluster.connectionId,
        ref,
        kind: kind.kind,
        remotePort: ports.remotePort,
        localPort: ports.localPort,
        state: 'listening',
        pod: first.pod,
        connections: 0,
        totalConnections: 0,
        receivedBytes: 0,
        sentBytes: 0,
        problem: null,
        startedAtMs: now(),
      }
      const forward = new RunningForward(cluster, told, tell)
      await forward.listen(ports.localPort)
      running.set(told.id, forward)
      feed.publish(all())
      return { ...told }
    },
    async stop(forwardId) {
      const forward = running.get(forwardId)
      running.delete(forwardId)
      forward?.dispose()
      feed.publish(all())
    },
    watch: (signal) => feed.subscribe(signal, all()),
    dispose() {
      clearTimeout(timer)
      for (const forward of running.values()) forward.dispose()
      running.clear()
      feed.dispose()
    },
  }
}

class RunningForward {
  readonly told: Forward
  private readonly cluster: Cluster
  private readonly tell: () => void
  private readonly closing = new AbortController()
  private server: Server | undefined
  private lastPod: string | undefined

  constructor(cluster: Cluster, told: Forward, tell: () => void) {
    this.cluster = cluster
    this.told = told
    this.tell = tell
  }

  listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => void this.serve(socket))
    server.maxConnections = mostConnections
    this.server = server
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(port, error)))
      server.listen(port, '127.0.0.1', () => {
        const address = server.address()
        this.told.localPort = typeof address === 'object' && address ? address.port : port
        resolve()
      })
    })
  }

  dispose(): void {
    this.closing.abort()
    this.server?.close()
  }

  private async serve(socket: Socket): Promise<void> {
    const { told } = this
    const drop = (): void => void socket.destroy()
    this.closing.signal.addEventListener('abort', drop, { once: true })
    socket.on('error', drop)
    told.connections += 1
    told.totalConnections += 1
    told.state = 'active'
    this.tell()
    try {
      const target = await findTarget(this.cluster, told.ref, told.remotePort, this.lastPod)
      this.lastPod = target.pod
      told.pod = target.pod
      told.problem = null
      const counted = {
        onReceived: (bytes: number) => {
          told.receivedBytes += bytes
          this.tell()
        },
        onSent: (bytes: number) => {
          told.sentBytes += bytes
          this.tell()
        },
      }
      await forwardConnection(this.cluster.connector(), target, socket, counted, this.closing.signal)
    } catch (error) {
      // The next connection looks for a pod anew.
      this.lastPod = undefined
      if (!this.closing.signal.aborted) told.problem = isAppError(error) ? error.message : 'The connection broke off.'
    } finally {
      socket.destroy()
      this.closing.signal.removeEventListener('abort', drop)
      told.connections -= 1
      if (told.connections === 0) told.state = told.problem ? 'waiting' : 'listening'
      this.tell()
    }
  }
}

const cannotListen = (port: number, error: NodeJS.ErrnoException): AppError =>
  error.code === 'EADDRINUSE'
    ? new AppError('conflict', `Port ${port} of this computer is in use already.`, { remedy: 'Choose another one, or 0 for any free one.' })
    : error.code === 'EACCES'
      ? new AppError('forbidden', `This computer does not let Meridian listen on port ${port}.`, { remedy: 'Choose a port above 1023.' })
      : new AppError('internal', `Meridian could not listen on port ${port}.`, { cause: error })

/** The pod and its port behind a pod's or a service's port, now. `preferred` is kept while it is ready. */
async function findTarget(cluster: Cluster, ref: ObjectRef, port: number, preferred: string | undefined): Promise<Target> {
  const kind = await cluster.kind(ref.kindId)
  const object = await getObject(cluster.connector(), kind, ref)
  const namespace = ref.namespace ?? ''
  if (kind.kind === 'Pod') {
    if (textAt(object, 'status.phase') !== 'Running')
      throw new AppError('conflict', `The pod ${ref.name} does not run (${textAt(object, 'status.phase')}).`, { remedy: 'Forward a port of its service instead: that finds the pod that runs.' })
    return { namespace, pod: ref.name, port }
  }
  if (Object.keys(recordAt(object, 'spec.selector')).length === 0)
    throw new AppError('unsupported', `The service ${refText(ref)} selects no pods, so there is none to forward to.`)
  const pods = (await podsBehind(cluster, kind, { ...object, kind: 'Service' }, { limit: 200 })).filter(isReady)
  const pod = pods.find((item) => item.metadata.name === preferred) ?? pods[0]
  if (!pod)
    throw new AppError('conflict', `No pod of the service ${refText(ref)} is ready.`, { remedy: 'Look at its pods; the next connection tries again.' })
  return { namespace, pod: pod.metadata.name, port: targetPort(object, pod, port) }
}

const isReady = (pod: AnyObject): boolean =>
  pod.metadata.deletionTimestamp == null &&
  listAt(pod, 'status.conditions').some((item) => textAt(item, 'type') === 'Ready' && textAt(item, 'status') === 'True')

/** `targetPort` may be a number, a name of a container's port, or left out. */
function targetPort(service: AnyObject, pod: AnyObject, port: number): number {
  const entry = listAt(service, 'spec.ports').find((item) => numberAt(item, 'port') === port)
  const target = fieldAt(entry, 'targetPort')
  if (typeof target === 'number') return target
  if (typeof target !== 'string') return port
  const named = listAt(pod, 'spec.containers')
    .flatMap((container) => listAt(container, 'ports'))
    .find((item) => textAt(item, 'name') === target)
  return numberAt(named, 'containerPort') ?? port
}
