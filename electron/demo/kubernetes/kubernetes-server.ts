// Starts and stops the demo lab's Kubernetes API server: store, replayed history, control loop, HTTPS. Called by the
// lab's composition root; gives back the connection draft with a kubeconfig of throw-away credentials.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DemoContext, DemoService } from '../context.ts'
import type { DemoHttpsServer } from '../world/https-server.ts'
import { startDemoHttpsServer } from '../world/https-server.ts'
import type { KubeUser } from './api/access.ts'
import { authenticate, authorize } from './api/access.ts'
import type { ApiContext } from './api/api-context.ts'
import { accessOf, handleRequest } from './api/api-router.ts'
import { parseResourcePath } from './api/request-info.ts'
import { createResourceRegistry } from './api/resource-registry.ts'
import type { ClientCertificates } from './client-certificates.ts'
import { loadClientCertificates } from './client-certificates.ts'
import { allControllers } from './controllers/all-controllers.ts'
import { ControlLoop } from './controllers/cluster.ts'
import { dailyLife } from './controllers/daily-life.ts'
import { createEventRecorder } from './controllers/event-recorder.ts'
import { createRandom } from './controllers/random.ts'
import { contextNames, writeKubeconfig } from './kubeconfig.ts'
import type { ExecServer } from './pods/pod-exec.ts'
import { createExecServer } from './pods/pod-exec.ts'
import { createMetrics } from './pods/metrics-api.ts'
import { createPortForwardServer, type PortForwardServer } from './pods/port-forward.ts'
import { answerPodLog } from './pods/pod-log.ts'
import { createRealContainers } from './pods/real-containers.ts'
import { answerServiceProxy } from './pods/ray-dashboard.ts'
import { labGroups } from './seeds/access-seeds.ts'
import { putDatabaseSecrets } from './seeds/database-secrets.ts'
import { installedMs, replayHistory } from './seeds/replay.ts'
import { badRequest, KubeError, noSuchPath, unauthorized } from './storage/kube-status.ts'
import { ObjectStore } from './storage/object-store.ts'

/** What takes over upgraded connections, by subresource of pods. */
interface SocketServers {
  exec: ExecServer
  portForward: PortForwardServer
}

export interface KubernetesDemoOptions {
  port?: number
  /** How often watches that asked for bookmarks get one; milliseconds of real time. */
  bookmarkMs?: number
}

export interface KubernetesDemo extends DemoService {
  /** The cluster's state, for tests that look behind the protocol. */
  store: ObjectStore
  kubeconfig: string
}

const randomSeed = 20_250_721

/** Starts the API server on 127.0.0.1. Rejects when the port is taken or the data directory cannot be written. */
export async function startKubernetesDemo(
  context: DemoContext,
  options: KubernetesDemoOptions = {},
): Promise<KubernetesDemo> {
  context.onProgress('Starting the Kubernetes API server', 0)
  const certificates = await loadClientCertificates(context.dataDir)
  const { caPem } = context.certificate('kubernetes')
  const cluster = openCluster(context, caPem)
  const tokens = makeTokens()
  const sockets = { exec: createExecServer(), portForward: createPortForwardServer() }
  const listening = { port: 0 }
  const api: ApiContext = {
    store: cluster.store,
    registry: cluster.registry,
    clock: context.clock,
    site: context.site,
    tokens: tokens.users,
    realLog: (uid) => cluster.containers.linesOf(uid),
    killReal: (uid) => cluster.containers.kill(uid),
    serverAddress: () => `127.0.0.1:${listening.port}`,
    metrics: createMetrics(cluster.store, context.site, () => context.clock.nowMs()),
    podLog: (request, response) => answerPodLog(api, request, response),
    serviceProxy: (request, message, response, body) =>
      answerServiceProxy(api, request, message, response, body),
    ...(options.bookmarkMs === undefined ? {} : { bookmarkMs: options.bookmarkMs }),
  }
  const server = await startDemoHttpsServer({
    service: 'kubernetes',
    context,
    clientCaPem: certificates.ca.certPem,
    handle: (request, response) => handleRequest(api, request, response),
    upgrade: (request, socket, head) => upgrade(api, sockets, request, socket, head),
    faultBody,
    ...(options.port === undefined ? {} : { port: options.port }),
  })
  listening.port = server.port
  context.runner.onDatabase((database) => putDatabaseSecrets(cluster.store, cluster.registry, database))
  context.onProgress('Starting the Kubernetes API server', 1)
  return serviceOf(context, server, certificates, tokens, cluster, sockets)
}

const faultBody = (status: 401 | 500) => ({
  contentType: 'application/json',
  body: JSON.stringify(
    (status === 401
      ? unauthorized()
      : new KubeError(500, 'InternalError', 'etcdserver: request timed out')
    ).toStatus(),
  ),
})

/** The store with its history lived through, and the loop attached to the lab's clock. */
function openCluster(context: DemoContext, caPem: string) {
  let seedingMs: number | undefined = installedMs(context.clock.nowMs())
  const clock = { nowMs: () => seedingMs ?? context.clock.nowMs(), set: (atMs: number) => (seedingMs = atMs) }
  const store = new ObjectStore(clock)
  const registry = createResourceRegistry(store)
  let wake: () => void = () => undefined
  const containers = createRealContainers({ runner: context.runner, store, nowMs: () => context.clock.nowMs(), onEnd: () => wake() })
  const shared = {
    containers,
    store,
    registry,
    site: context.site,
    random: createRandom(randomSeed),
    events: createEventRecorder(store, clock),
    clock,
  }
  const loop = new ControlLoop(
    (wakeAt) => ({ ...shared, wakeAt }),
    [...allControllers(caPem), dailyLifeOnceOpen(() => seedingMs === undefined)],
    (line) => context.log(line),
  )
  replayHistory({ ...shared, wakeAt: () => {} }, loop, clock, context.clock.nowMs())
  store.compact(true)
  seedingMs = undefined
  loop.attach(context.clock)
  wake = () => loop.settle()
  return { store, registry, loop, containers }
}

/** The lab's own life begins when the history is over. */
const dailyLifeOnceOpen = (isOpen: () => boolean) => () => {
  const live = dailyLife()
  return (cluster: Parameters<typeof live>[0]) => (isOpen() ? live(cluster) : undefined)
}

function makeTokens() {
  const admin = randomBytes(24).toString('base64url')
  const researcher = randomBytes(24).toString('base64url')
  const users = new Map<string, KubeUser>([
    [admin, { name: 'lab-admin', groups: [labGroups.admins] }],
    [researcher, { name: 'lab-researcher', groups: [labGroups.researchers] }],
  ])
  return { admin, researcher, users }
}

function upgrade(
  api: ApiContext,
  sockets: SocketServers,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  try {
    const user = authenticate(message, api.tokens)
    if (user === undefined) throw unauthorized()
    const url = new URL(message.url ?? '/', 'https://demo.invalid')
    const request = parseResourcePath(api.registry, url.pathname, url.searchParams)
    const server =
      request?.subresource === 'exec'
        ? sockets.exec
        : request?.subresource === 'portforward'
          ? sockets.portForward
          : undefined
    if (request === undefined || server === undefined) throw noSuchPath()
    authorize(api.store, user, accessOf('GET', request))
    if ((message.headers.upgrade ?? '').toLowerCase() !== 'websocket')
      throw badRequest(`unable to upgrade to ${message.headers.upgrade ?? ''}: only websocket is served`)
    server.accept(api, request, message, socket, head)
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    const body = JSON.stringify(error.toStatus())
    socket.end(
      `HTTP/1.1 ${error.code} ${error.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
  }
}

function serviceOf(
  context: DemoContext,
  server: DemoHttpsServer,
  certificates: ClientCertificates,
  tokens: ReturnType<typeof makeTokens>,
  cluster: ReturnType<typeof openCluster>,
  sockets: SocketServers,
): KubernetesDemo {
  const clusterName = context.site.kubernetes.cluster.name
  const kubeconfig = writeKubeconfig({
    clusterName,
    server: server.url,
    caPem: context.certificate('kubernetes').caPem,
    adminToken: tokens.admin,
    researcherToken: tokens.researcher,
    adminCertPem: certificates.admin.certPem,
    adminKeyPem: certificates.admin.keyPem,
  })
  return {
    name: 'kubernetes',
    store: cluster.store,
    kubeconfig,
    drafts: [
      {
        label: `Kubernetes ${clusterName}`,
        settings: { kind: 'kubernetes', context: contextNames(clusterName).admin, server: server.url },
        secrets: { kubeconfig },
      },
    ],
    async dispose() {
      cluster.loop.dispose()
      cluster.containers.dispose()
      sockets.exec.dispose()
      sockets.portForward.dispose()
      await server.dispose()
    },
  }
}
