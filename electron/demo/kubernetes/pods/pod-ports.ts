// What listens in the demo cluster's containers: a declared port speaks HTTP; the dashboard of a Ray head is the one
// behind its service, everything else answers with its name. A port that nobody declared refuses, as in a real pod.
import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiContext } from '../api/api-context.ts'
import { readText } from '../api/request-body.ts'
import { parseResourcePath } from '../api/request-info.ts'
import type { Pod } from '../storage/kinds.ts'
import { KubeError } from '../storage/kube-status.ts'

export interface PodPorts {
  /** Connects a stream to a port. Returns why it cannot. */
  connect(pod: Pod, port: number, stream: Duplex): string | undefined
  dispose(): void
}

export function createPodPorts(context: ApiContext): PodPorts {
  const servers = new Map<string, Server>()

  function serverOf(pod: Pod, port: number, image: string): Server {
    const key = `${pod.metadata.uid ?? ''}/${port}`
    const known = servers.get(key)
    if (known) return known
    const server = createServer((message, response) => {
      const cluster = pod.metadata.labels?.['ray.io/cluster']
      if (cluster === undefined || port !== 8265) {
        response.writeHead(200, { 'content-type': 'text/plain' })
        response.end(`${pod.metadata.name}: ${image} answers on port ${port}\n`)
        return
      }
      const path = `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/services/${cluster}-head-svc:dashboard/proxy${message.url ?? '/'}`
      const request = parseResourcePath(context.registry, path, new URLSearchParams())
      void readText(message).then((body) => {
        try {
          if (request) context.serviceProxy(request, message, response, body)
          else response.writeHead(404).end()
        } catch (error) {
          response.writeHead(error instanceof KubeError ? error.code : 500).end()
        }
      })
    })
    servers.set(key, server)
    return server
  }

  return {
    connect(pod, port, stream) {
      const container = pod.spec.containers.find((one) => one.ports?.some((entry) => entry.containerPort === port))
      if (container === undefined || pod.status.phase !== 'Running')
        return `error forwarding port ${port} to pod ${pod.metadata.name}, uid : failed to execute portforward in network namespace "/var/run/netns/cni": failed to connect to localhost:${port} inside namespace: dial tcp4 127.0.0.1:${port}: connect: connection refused`
      serverOf(pod, port, container.image).emit('connection', stream)
      return undefined
    },
    dispose() {
      for (const server of servers.values()) server.close()
      servers.clear()
    },
  }
}
