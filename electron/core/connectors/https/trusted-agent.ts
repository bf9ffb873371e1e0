// The connection pool under an HTTPS client. A socket enters the pool only after the server's certificate was
// accepted, so no byte of a request ever reaches a server that is not the right one. Sessions are not resumed:
// every new connection looks at the certificate again.
import { Agent, type AgentOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TlsTrust } from '#shared/model/connection.ts'
import { connectTls, type TlsExtras } from '../tls/tls-trust.ts'
import type { Party } from './https-faults.ts'

export interface ClientTls {
  trust: TlsTrust
  /** The name the certificate must carry, where it differs from the host. */
  servername?: string | undefined
  /** The client's own certificate; asked for at each new connection, because it may be renewed. */
  extras?: (() => TlsExtras | undefined) | undefined
}

export interface TrustedAgentOptions {
  tls: ClientTls
  party: Party
  connectTimeoutMs: number
  maxSockets: number
}

export const createTrustedAgent = (options: TrustedAgentOptions): Agent => new TrustedAgent(options)

class TrustedAgent extends Agent {
  private readonly trusted: TrustedAgentOptions
  private readonly closing = new AbortController()

  constructor(options: TrustedAgentOptions) {
    const agentOptions: AgentOptions = {
      keepAlive: true,
      maxSockets: options.maxSockets,
      maxFreeSockets: 4,
      maxCachedSessions: 0,
      timeout: 60_000,
    }
    super(agentOptions)
    this.trusted = options
  }

  override createConnection(
    target: { host?: string | null; port?: number | string | null },
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const { tls, party, connectTimeoutMs } = this.trusted
    connectTls({
      host: target.host ?? '',
      port: Number(target.port),
      trust: tls.trust,
      servername: tls.servername,
      system: party.system,
      timeoutMs: connectTimeoutMs,
      signal: this.closing.signal,
      extras: tls.extras?.(),
    }).then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    )
    return undefined
  }

  override destroy(): void {
    this.closing.abort()
    super.destroy()
  }
}
