// The few messages Meridian writes itself on a session's socket, and a reader for the short answers to them. The
// long answers go to the decode worker instead. Protocol: PostgreSQL 3.0, 55.7 (message formats).
import { ProtocolFault } from './decode/binary-values.ts'

const utf8 = new TextEncoder()

function message(letter: string, ...parts: Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 4)
  const bytes = new Uint8Array(1 + size)
  bytes[0] = letter.charCodeAt(0)
  new DataView(bytes.buffer).setInt32(1, size)
  let at = 5
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const text = (value: string): Uint8Array => utf8.encode(`${value}\0`)
const shorts = (...values: number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 2)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => view.setInt16(index * 2, value))
  return bytes
}

/** The unnamed statement, without parameters. */
export const parseMessage = (sql: string): Uint8Array => message('P', text(''), text(sql), shorts(0))
export const describeStatementMessage = (): Uint8Array => message('D', utf8.encode('S'), text(''))
export const describePortalMessage = (): Uint8Array => message('D', utf8.encode('P'), text(''))
/** The unnamed portal with one result format a column. */
export const bindMessage = (formats: readonly number[]): Uint8Array =>
  message('B', text(''), text(''), shorts(0, 0, formats.length, ...formats))
/** All rows: a row limit here would keep the server from using parallel workers. */
export const executeMessage = (): Uint8Array => message('E', text(''), new Uint8Array(4))
export const syncMessage = (): Uint8Array => message('S')

/** The 16 bytes that ask, on a connection of their own, to cancel what another session runs. */
export function cancelRequest(processId: number, secretKey: number): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 16)
  view.setInt32(4, 80_877_102)
  view.setInt32(8, processId)
  view.setInt32(12, secretKey)
  return bytes
}

export interface ServerMessage {
  letter: string
  body: Uint8Array
}

/** Answers to Parse and Describe are small; a server that sends more than this is not obeyed. */
const maxAnswerBytes = 16 * 1024 * 1024

/** Collects whole messages from chunks. */
export class MessageReader {
  private rest: Uint8Array = new Uint8Array(0)

  /** The messages completed by this chunk. Throws ProtocolFault for lengths that cannot be. */
  read(chunk: Uint8Array): ServerMessage[] {
    const bytes = this.rest.length === 0 ? chunk : join(this.rest, chunk)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const messages: ServerMessage[] = []
    let position = 0
    while (bytes.length - position >= 5) {
      const size = view.getInt32(position + 1)
      if (size < 4 || size > maxAnswerBytes) throw new ProtocolFault(`A message says it has ${size} bytes.`)
      if (position + 1 + size > bytes.length) break
      messages.push({
        letter: String.fromCharCode(bytes[position]!),
        body: bytes.slice(position + 5, position + 1 + size),
      })
      position += 1 + size
    }
    this.rest = bytes.slice(position)
    return messages
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
