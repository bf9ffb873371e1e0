// The console proxies of the demo cluster: each is a worker task on a port that waits ten seconds for its one client,
// who must show the ticket that was issued for the same identity and object. Behind it runs a terminal or a screen.
import { createHmac, randomBytes } from 'node:crypto'
import type { WebSocket } from 'ws'
import { ApiFault } from '../api2/api-fault.ts'
import { isSame } from '../api2/tickets.ts'
import { ownerOf, type PveCall } from './call.ts'

/** What is to happen on the socket of a proxy. Returns what ends it from this side. */
export type ServeConsole = (socket: WebSocket, login: { user: string; ticket: string; isToken: boolean }) => () => void

export interface ConsoleSpec {
  /** The path that rights are checked on: `/vms/2002`, `/nodes/node01`. */
  path: string
  node: string
  type: 'vncproxy' | 'vncshell'
  /** VMID; empty for a node. */
  id: string
  serve: ServeConsole
}

export interface ConsoleProxy {
  port: number
  ticket: string
  upid: string
  user: string
}

export interface ConsoleDesk {
  open(call: PveCall, spec: ConsoleSpec): ConsoleProxy
  /** Throws the 401 of a ticket that is not this caller's for this object, or is too old. */
  check(call: PveCall, path: string, ticket: string): void
  /** The waiting proxy on a port, once. Throws what the real proxy says when nothing listens there. */
  claim(node: string, port: number): { serve(socket: WebSocket): void }
  dispose(): void
}

const ports = { first: 5900, last: 5999 }
const waitMs = 10_000
const skewSeconds = 20
const lifeSeconds = 40

interface Waiting {
  node: string
  serve(socket: WebSocket): void
}

export function createConsoleDesk(): ConsoleDesk {
  const key = randomBytes(32)
  const waiting = new Map<number, Waiting>()
  const open = new Set<() => void>()
  const sign = (text: string): string => createHmac('sha1', key).update(text).digest('base64')

  const freePort = (): number => {
    for (let port = ports.first; port <= ports.last; port += 1) if (!waiting.has(port)) return port
    throw new ApiFault(500, 'unable to find free port (5900-5999)')
  }

  return {
    open(call, spec) {
      const port = freePort()
      const user = ownerOf(call)
      const hexTime = Math.floor(call.nowMs / 1000)
        .toString(16)
        .toUpperCase()
        .padStart(8, '0')
      const ticket = `PVEVNC:${hexTime}::${sign(`PVEVNC:${hexTime}:${user}:${spec.path}`)}`
      const task = call.cluster.tasks.start({ node: spec.node, type: spec.type, id: spec.id, owner: user }, (run) => {
        let end: (() => void) | undefined
        const release = (): void => {
          if (waiting.get(port) === entry) waiting.delete(port)
        }
        const entry: Waiting = {
          node: spec.node,
          serve(socket) {
            release()
            const stop = spec.serve(socket, { user, ticket, isToken: call.caller?.tokenId !== undefined })
            end = (): void => {
              stop()
              socket.close()
            }
            open.add(end)
            socket.on('close', () => {
              stop()
              if (end) open.delete(end)
              run.finish(call.cluster.nowMs())
            })
          },
        }
        waiting.set(port, entry)
        run.at(0, () => `starting ${spec.type} ${run.task.upid} on port ${port}`)
        run.at(waitMs, () => {
          if (waiting.get(port) !== entry) return
          release()
          run.finish(call.cluster.nowMs(), 'connection timed out')
        })
        run.onStop(() => {
          release()
          end?.()
        })
      })
      return { port, ticket, upid: task.upid, user }
    },
    check(call, path, ticket) {
      const [, hexTime = '', signature = ''] = /^PVEVNC:([0-9A-F]{8})::([A-Za-z0-9+/=]+)$/.exec(ticket) ?? []
      const age = call.nowMs / 1000 - Number.parseInt(hexTime, 16)
      const isOwn = hexTime !== '' && isSame(signature, sign(`PVEVNC:${hexTime}:${ownerOf(call)}:${path}`))
      if (!isOwn || age > lifeSeconds || age < -skewSeconds)
        throw new ApiFault(401, 'permission denied - invalid PVEVNC ticket')
    },
    claim(node, port) {
      const entry = waiting.get(port)
      if (entry?.node === node) return entry
      throw new ApiFault(500, `connect to 'localhost:${port}' failed: Connection refused`)
    },
    dispose() {
      for (const end of [...open]) end()
    },
  }
}
