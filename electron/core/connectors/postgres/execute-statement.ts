// One statement, streamed: describe it, bind it with a binary format for every type the decoder knows, execute it, and
// pass the socket's raw chunks to a decode worker. What comes back is pulled part by part; when the caller stops
// pulling, the socket is paused, and with it the server. Called by the sql feature.
import { AppError, cancelled } from '#shared/errors.ts'
import type { DecodeAnswer } from './decode-worker.ts'
import type { Decoder } from './decode/decode-pool.ts'
import type { DecodeColumn } from './decode/decode-plan.ts'
import type { ServerFields } from './decode/server-fields.ts'
import { cancelGraceMs, describeStatement } from './describe-statement.ts'
import { brokenProtocol, connectionLost, serverError, targetOf, type FaultMoment } from './postgres-errors.ts'
import type { PostgresSession, TakenSocket } from './postgres-session.ts'
import {
  bindMessage,
  describePortalMessage,
  executeMessage,
  parseMessage,
  syncMessage,
} from './wire-messages.ts'

export interface StatementOptions {
  sql: string
  /** Rows after which the result is cut. A reading statement is then cancelled; a writing one runs to its end. */
  maxRows: number
  isWrite: boolean
  /** The limit that the session was given, for the sentence when it strikes. */
  timeoutMs?: number | undefined
  acquireDecoder(): Decoder
  /** Cancels in the server. What had arrived is still delivered before the error. */
  signal: AbortSignal
  onNotice(fields: ServerFields): void
}

export type StatementPart =
  /** First, before anything is executed. */
  | { kind: 'columns'; columns: DecodeColumn[] }
  /** The Arrow schema message, then record batch messages. */
  | { kind: 'schema'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'batch'; bytes: Uint8Array<ArrayBuffer>; rows: number }
  /** Last, when nothing failed. */
  | { kind: 'end'; commandTag: string; isCut: boolean }

/** Decoded batches that may wait for the caller, and raw bytes that may wait for the decoder. */
const maxWaitingBytes = 4 * 1024 * 1024
const maxRawBytes = 2 * 1024 * 1024
/** Raw bytes that are passed to a busy decoder at once. */
const feedBytes = 256 * 1024
/** What a server may still send after it was asked to stop. */
const maxAfterCancelBytes = 64 * 1024 * 1024

/** Yields the parts in order. Throws AppErrors; everything yielded before stays valid. */
export async function* executeStatement(
  session: PostgresSession,
  options: StatementOptions,
): AsyncGenerator<StatementPart, void, void> {
  const moment: FaultMoment = { timeoutMs: options.timeoutMs }
  if (options.signal.aborted) throw cancelled()
  const { columns } = await describeStatement(session, options.sql, options.signal, moment)
  yield { kind: 'columns', columns }
  const execution = new Execution(session, options, columns, moment)
  try {
    execution.begin()
    for (let part = await execution.next(); part !== undefined; part = await execution.next()) yield part
  } finally {
    await execution.dispose()
  }
}

/** The lifetime of one Execute: from Bind until the server is ready again or the connection is gone. */
class Execution {
  private readonly session: PostgresSession
  private readonly options: StatementOptions
  private readonly columns: DecodeColumn[]
  private readonly moment: FaultMoment
  private readonly decoder: Decoder
  private socket: TakenSocket | undefined
  private readonly waiting: StatementPart[] = []
  private waitingBytes = 0
  private rawPending: Uint8Array[] = []
  private rawPendingBytes = 0
  private rawInFlight = 0
  private isFeedPlanned = false
  private isPaused = false
  private isFinished = false
  private isStopping = false
  private isCut = false
  private commandTag = ''
  private failure: AppError | undefined
  private wake: (() => void) | undefined
  private graceTimer: NodeJS.Timeout | undefined

  constructor(
    session: PostgresSession,
    options: StatementOptions,
    columns: DecodeColumn[],
    moment: FaultMoment,
  ) {
    this.session = session
    this.options = options
    this.columns = columns
    this.moment = moment
    this.decoder = options.acquireDecoder()
  }

  begin(): void {
    const { session, options, columns } = this
    this.decoder.begin({ columns, maxRows: options.maxRows }, (answer) => this.onAnswer(answer))
    session.lost.addEventListener('abort', this.onLost, { once: true })
    options.signal.addEventListener('abort', this.onAbort, { once: true })
    this.socket = session.takeOver((chunk) => this.onChunk(chunk))
    if (session.lost.aborted) return this.onLost()
    const formats = columns.map((column) => column.format)
    this.socket.write(
      Buffer.concat([
        parseMessage(options.sql),
        bindMessage(formats),
        describePortalMessage(),
        executeMessage(),
        syncMessage(),
      ]),
    )
    if (options.signal.aborted) this.onAbort()
  }

  /** The next part; undefined after the last. Rejects with what went wrong once everything before was taken. */
  async next(): Promise<StatementPart | undefined> {
    for (;;) {
      const part = this.waiting.shift()
      if (part) {
        if ('bytes' in part) this.waitingBytes -= part.bytes.byteLength
        this.adjustFlow()
        return part
      }
      if (this.isFinished) {
        if (this.failure) throw this.failure
        return undefined
      }
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** Ends the execution wherever it is. A server still at work is told to stop, and the connection is then cut. */
  async dispose(): Promise<void> {
    const { session, options } = this
    options.signal.removeEventListener('abort', this.onAbort)
    if (!this.isFinished) {
      this.moment.isCancelRequested = true
      await session.requestCancel().catch(() => undefined)
      this.socket?.destroy()
    }
    session.lost.removeEventListener('abort', this.onLost)
    clearTimeout(this.graceTimer)
    this.socket?.giveBack()
    this.decoder.release()
  }

  private onChunk(chunk: Uint8Array): void {
    this.rawPending.push(chunk)
    this.rawPendingBytes += chunk.byteLength
    this.planFeed()
    this.adjustFlow()
  }

  /** A busy decoder gets larger pieces: each message between threads costs as much as decoding many rows. */
  private planFeed(): void {
    if (this.rawPendingBytes >= feedBytes) return this.feed()
    if (this.rawInFlight > 0 || this.isFeedPlanned || this.rawPendingBytes === 0) return
    this.isFeedPlanned = true
    setImmediate(this.feed)
  }

  private readonly feed = (): void => {
    this.isFeedPlanned = false
    if (this.isFinished || this.rawPendingBytes === 0) return
    const chunks = this.rawPending
    const byteLength = this.rawPendingBytes
    this.rawPending = []
    this.rawPendingBytes = 0
    this.rawInFlight += byteLength
    this.decoder.feed(chunks, byteLength)
  }

  private onAnswer(answer: DecodeAnswer): void {
    switch (answer.kind) {
      case 'consumed':
        this.rawInFlight -= answer.byteLength
        this.planFeed()
        return this.adjustFlow()
      case 'schema':
      case 'batch':
        this.waiting.push(answer)
        this.waitingBytes += answer.bytes.byteLength
        this.guardAfterCancel()
        this.adjustFlow()
        return this.awake()
      case 'notice':
        return this.options.onNotice(answer.fields)
      case 'cut':
        this.isCut = true
        // A write must not be cancelled for the sake of its RETURNING rows.
        if (!this.options.isWrite) this.askToStop()
        return
      case 'failed':
        if (!(this.isCut && answer.fields['C'] === '57014'))
          this.failure ??= serverError(answer.fields, this.session.party, this.moment)
        return
      case 'complete':
        this.commandTag = answer.commandTag
        return
      default:
        return this.onEnding(answer)
    }
  }

  private onEnding(
    answer: Exclude<
      DecodeAnswer,
      { kind: 'consumed' | 'schema' | 'batch' | 'notice' | 'cut' | 'failed' | 'complete' }
    >,
  ): void {
    const { party } = this.session
    switch (answer.kind) {
      case 'ready':
        if (!this.failure) this.waiting.push({ kind: 'end', commandTag: this.commandTag, isCut: this.isCut })
        return this.finish()
      case 'stopped':
        this.failure ??= this.moment.isCancelRequested && !this.isCut ? cancelled() : undefined
        if (!this.failure && this.isCut && !this.options.isWrite)
          this.waiting.push({ kind: 'end', commandTag: '', isCut: true })
        else this.failure ??= connectionLost(party, { isWrite: this.options.isWrite })
        return this.finish()
      case 'copy':
        this.failure = copyRefused(this.session)
        this.socket?.destroy()
        return this.finish()
      case 'fault':
        this.failure ??=
          answer.reason === 'array'
            ? new AppError('unsupported', `${party.label}: ${answer.message}`, { target: targetOf(party) })
            : brokenProtocol(party, answer.message)
        this.socket?.destroy()
        return this.finish()
    }
  }

  private readonly onLost = (): void => {
    if (this.isFinished) return
    this.feed()
    this.decoder.stop()
  }

  private readonly onAbort = (): void => {
    this.moment.isCancelRequested = true
    this.askToStop()
  }

  /** Cancels in the server and lets what is on the way arrive; a server that does not stop is left. */
  private askToStop(): void {
    if (this.isStopping || this.isFinished) return
    this.isStopping = true
    this.graceTimer = setTimeout(() => this.socket?.destroy(), cancelGraceMs)
    this.session.requestCancel().catch(() => this.socket?.destroy())
    this.adjustFlow()
  }

  private guardAfterCancel(): void {
    if (this.isStopping && this.waitingBytes > maxAfterCancelBytes) this.socket?.destroy()
  }

  /** The socket runs while there is room before and behind the decoder; after a cancel it runs to its end. */
  private adjustFlow(): void {
    const isFull =
      this.waitingBytes > maxWaitingBytes || this.rawInFlight + this.rawPendingBytes > maxRawBytes
    const mustPause = isFull && !this.isStopping
    if (mustPause === this.isPaused) return
    this.isPaused = mustPause
    if (mustPause) this.socket?.pause()
    else this.socket?.resume()
  }

  private finish(): void {
    this.isFinished = true
    clearTimeout(this.graceTimer)
    this.awake()
  }

  private awake(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }
}

const copyRefused = ({ party }: PostgresSession): AppError =>
  new AppError('unsupported', `${party.label}: COPY to or from the client cannot be run here.`, {
    remedy: 'Select the rows and export the result, or import the file.',
    target: targetOf(party),
  })
