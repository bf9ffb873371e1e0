// One running port forward: listens (here, or on the host), carries each connection through SSH, counts, and follows
// its host through lost connections. Ends when stopped; whatever it carries ends with it.
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ForwardPlan } from '#shared/contracts/forwards.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import { readSocksRequest } from '../../connectors/ssh/socks-server.ts'
import type { SshConnector } from '../../connectors/ssh/ssh-connector.ts'

export interface ForwardFigures {
  state: 'stopped' | 'starting' | 'running' | 'waiting' | 'failed'
  openConnections: number
  totalConnections: number
  sentBytes: number
  receivedBytes: number
  error: AppError | null
}

export interface RunnerOptions {
  plan: ForwardPlan
  connector(): Pick<SshConnector, 'hold' | 'forwardOut' | 'forwardIn'>
  onChange(): void
}

const firstPauseMs = 2_000
const longestPauseMs = 60_000
const connectTimeoutMs = 10_000

/** Resolves when the connection or the host's listener is lost. */
interface Attached {
  closed: Promise<void>
}

export class ForwardRunner {
  readonly figures: ForwardFigures = {
    state: 'stopped',
    openConnections: 0,
    totalConnections: 0,
    sentBytes: 0,
    receivedBytes: 0,
    error: null,
  }
  private readonly options: RunnerOptions
  private readonly ending = new AbortController()
  private readonly open = new Set<Duplex>()
  private server: Server | undefined

  constructor(options: RunnerOptions) {
    this.options = options
  }

  /** Resolves when it listens and the host has answered; rejects with the reason, and nothing listens then. */
  async start(isInteractive: boolean): Promise<void> {
    this.set({ state: 'starting', error: null })
    try {
      if (this.options.plan.kind !== 'remote') this.server = await this.listenHere()
      const attached = await this.attach(isInteractive)
      this.set({ state: 'running' })
      void this.follow(attached)
    } catch (thrown) {
      this.stop()
      const error = isAppError(thrown) ? thrown : new AppError('upstream', 'The port forward could not be started.', { cause: thrown })
      this.set({ state: 'failed', error })
      throw error
    }
  }

  stop(): void {
    this.ending.abort()
    this.server?.close()
    for (const end of this.open) end.destroy()
    this.set({ state: 'stopped', error: null })
  }

  private set(change: Partial<ForwardFigures>): void {
    Object.assign(this.figures, change)
    this.options.onChange()
  }

  /** Holds the host's connection, and for a remote forward its listener. */
  private async attach(isInteractive: boolean): Promise<Attached> {
    const { plan, connector } = this.options
    const { signal } = this.ending
    const use = { signal, isInteractive }
    if (plan.kind !== 'remote') {
      const held = await connector().hold(use)
      signal.addEventListener('abort', held.release, { once: true })
      return held
    }
    const listener = await connector().forwardIn(
      { bindAddress: plan.bindAddress, port: plan.bindPort, onConnection: (far) => void this.reachHere(far, plan) },
      use,
    )
    signal.addEventListener('abort', () => listener.close(), { once: true })
    return listener
  }

  /** After a loss it is attached again, with longer and longer pauses. */
  private async follow(first: Attached): Promise<void> {
    const { signal } = this.ending
    let attached = first
    while (!signal.aborted) {
      await attached.closed
      for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
        if (this.figures.state === 'running') this.set({ state: 'waiting' })
        await pause(pauseMs, signal)
        if (signal.aborted) return
        try {
          attached = await this.attach(false)
          this.set({ state: 'running', error: null })
          break
        } catch (thrown) {
          if (isAppError(thrown) && !signal.aborted) this.set({ state: 'waiting', error: thrown })
        }
      }
    }
  }

  private listenHere(): Promise<Server> {
    const { plan } = this.options
    const server = createServer({ pauseOnConnect: true }, (socket) => void this.reachThere(socket))
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, plan)))
      server.listen(plan.bindPort, plan.bindAddress, () => resolve(server))
    })
  }

  /** A program here has connected: the host goes on to the target. */
  private async reachThere(near: Socket): Promise<void> {
    const { plan, connector } = this.options
    near.on('error', () => undefined)
    this.track(near)
    try {
      const wanted = plan.kind === 'dynamic' ? await readSocksRequest(near) : null
      const target =
        wanted ?? (plan.kind === 'dynamic' ? { host: '', port: 0 } : { host: plan.targetHost, port: plan.targetPort })
      const far = await connector()
        .forwardOut({ host: target.host, port: target.port }, { signal: this.ending.signal })
        .catch((error: unknown) => {
          wanted?.refuse()
          throw error
        })
      wanted?.accept()
      this.join(near, far)
    } catch (thrown) {
      // What SOCKS was answered must still leave.
      near.destroySoon()
      if (isAppError(thrown) && thrown.code !== 'cancelled' && !this.ending.signal.aborted) this.set({ error: thrown })
    }
  }

  /** Somebody has connected to the host: this computer goes on to the target. */
  private reachHere(far: Duplex, { targetHost, targetPort }: Extract<ForwardPlan, { kind: 'remote' }>): void {
    const near = connect({ host: targetHost, port: targetPort, timeout: connectTimeoutMs })
    const fail = (): void => {
      near.destroy()
      far.destroy()
      this.set({
        error: new AppError('unreachable', `Nothing answers at ${targetHost} port ${targetPort} on this side.`, {
          remedy: 'Start the program that the forward leads to.',
        }),
      })
    }
    near.once('error', fail).once('timeout', fail)
    near.once('connect', () => {
      near.off('error', fail).off('timeout', fail).setTimeout(0)
      this.track(near)
      this.join(far, near)
    })
  }

  private track(end: Duplex): void {
    this.open.add(end)
    end.once('close', () => this.open.delete(end))
  }

  /** `from` is the end that was connected to. Half-closed connections stay half-open, as they do without SSH. */
  private join(from: Duplex, to: Duplex): void {
    this.track(to)
    const { figures } = this
    figures.openConnections += 1
    figures.totalConnections += 1
    figures.error = null
    this.options.onChange()
    let isOver = false
    const end = (): void => {
      from.destroy()
      to.destroy()
      if (isOver) return
      isOver = true
      figures.openConnections -= 1
      this.options.onChange()
    }
    const count = (source: Duplex, key: 'sentBytes' | 'receivedBytes'): void => {
      source.on('data', (chunk: Buffer) => {
        figures[key] += chunk.length
        this.options.onChange()
      })
    }
    for (const one of [from, to]) one.on('error', end).once('close', end)
    count(from, 'sentBytes')
    count(to, 'receivedBytes')
    from.pipe(to)
    to.pipe(from)
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })

function listenFault(error: NodeJS.ErrnoException, { bindAddress, bindPort }: ForwardPlan): AppError {
  const place = `${bindAddress} port ${bindPort}`
  if (error.code === 'EADDRINUSE')
    return new AppError('conflict', `Port ${bindPort} of this computer is in use by another program.`, {
      remedy: 'Choose another port, or end the program that listens there.',
      cause: error,
    })
  if (error.code === 'EACCES')
    return new AppError('forbidden', `This account may not listen on ${place}.`, {
      remedy: 'Ports below 1024 belong to the system: choose a higher one.',
      cause: error,
    })
  if (error.code === 'EADDRNOTAVAIL')
    return new AppError('invalid-input', `${bindAddress} is not an address of this computer.`, {
      remedy: 'Use 127.0.0.1, or an address that this computer has.',
      cause: error,
    })
  return new AppError('upstream', `Meridian could not listen on ${place}.`, { cause: error })
}
