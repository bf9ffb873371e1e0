// The worker thread that decodes results: `platform.paths.worker('postgres-decode')` is this module. It is only the
// message loop around ResultDecoder; one run at a time, many runs one after another. It knows no secret and no socket.
import { parentPort } from 'node:worker_threads'
import { ResultDecoder, type DecodeReport, type DecodeRequest } from './decode/result-decoder.ts'

/** What the session sends. `bytes` chunks are transferred, never copied. */
export type DecodeOrder =
  | { kind: 'begin'; request: DecodeRequest }
  | { kind: 'bytes'; chunks: Uint8Array<ArrayBuffer>[]; byteLength: number }
  /** The connection has ended: hand over the rows in hand and report `stopped`. */
  | { kind: 'stop' }
export type DecodeAnswer = DecodeReport | { kind: 'consumed'; byteLength: number } | { kind: 'stopped' }

const port = parentPort
if (port) {
  let decoder: ResultDecoder | undefined
  let timer: NodeJS.Timeout | undefined
  const answer = (report: DecodeAnswer): void => {
    if (report.kind === 'schema' || report.kind === 'batch') port.postMessage(report, [report.bytes.buffer])
    else port.postMessage(report)
  }
  const armTimer = (): void => {
    const dueMs = decoder?.flushDueMs
    if (dueMs === undefined || timer) return
    timer = setTimeout(() => {
      timer = undefined
      if (decoder?.flushDueMs === 0) decoder.flush()
      armTimer()
    }, dueMs + 1)
  }
  port.on('message', (order: DecodeOrder) => {
    if (order.kind === 'begin') decoder = new ResultDecoder(order.request, answer)
    else if (order.kind === 'stop') {
      decoder?.flush()
      decoder = undefined
      answer({ kind: 'stopped' })
    } else {
      for (const chunk of order.chunks) {
        const isNeeded = decoder?.feed(chunk) ?? false
        // Waiting for the garbage collector would let hundreds of megabytes pile up at full speed.
        if (!isNeeded) chunk.buffer.transfer(0)
      }
      answer({ kind: 'consumed', byteLength: order.byteLength })
      armTimer()
    }
  })
}
