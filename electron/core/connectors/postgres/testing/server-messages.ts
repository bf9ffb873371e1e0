// The server's side of PostgreSQL's protocol, message by message, for scripted servers and decoder tests. It can write
// wrong messages on purpose.

const utf8 = new TextEncoder()
export const textZ = (value: string): Uint8Array => utf8.encode(`${value}\0`)
export const int16 = (value: number): Uint8Array => Uint8Array.from([(value >> 8) & 255, value & 255])
export const int32 = (value: number): Uint8Array =>
  Uint8Array.from([(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])
export const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** One message; `size` lies about its length where given. */
export const serverMessage = (
  letter: string,
  body: Uint8Array = new Uint8Array(0),
  size = body.length + 4,
): Uint8Array => concat(utf8.encode(letter), int32(size), body)

export interface FakeColumn {
  name: string
  typeOid: number
  format?: number
}
export const rowDescription = (columns: readonly FakeColumn[]): Uint8Array =>
  serverMessage(
    'T',
    concat(
      int16(columns.length),
      ...columns.map(({ name, typeOid, format = 0 }) =>
        concat(textZ(name), int32(0), int16(0), int32(typeOid), int16(-1), int32(-1), int16(format)),
      ),
    ),
  )
export const dataRow = (values: readonly (Uint8Array | null)[]): Uint8Array =>
  serverMessage(
    'D',
    concat(
      int16(values.length),
      ...values.map((value) => (value === null ? int32(-1) : concat(int32(value.length), value))),
    ),
  )
export const commandComplete = (tag: string): Uint8Array => serverMessage('C', textZ(tag))
export const readyForQuery = (status = 'I'): Uint8Array => serverMessage('Z', utf8.encode(status))
export const errorResponse = (fields: Record<string, string>): Uint8Array =>
  serverMessage(
    'E',
    concat(
      ...Object.entries(fields).map(([key, value]) => concat(utf8.encode(key), textZ(value))),
      Uint8Array.from([0]),
    ),
  )
export const authenticationOk = (): Uint8Array => serverMessage('R', int32(0))
export const backendKeyData = (): Uint8Array => serverMessage('K', concat(int32(4711), int32(815)))
