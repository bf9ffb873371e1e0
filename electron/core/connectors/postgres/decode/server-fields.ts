// The bodies of the server's small messages: error and notice fields, row descriptions, texts. Used on both sides of
// the decode worker. Everything is checked against the body's length; a body that lies throws ProtocolFault.
import { ProtocolFault } from './binary-values.ts'

/** Error and notice fields by their one-letter codes: S severity, C SQLSTATE, M message, D detail, H hint, P position. */
export type ServerFields = Readonly<Record<string, string>>

export interface DescribedColumn {
  name: string
  tableOid: number
  attributeNumber: number
  typeOid: number
  typeModifier: number
  format: number
}

const utf8 = new TextDecoder()

/** Reads the fields of an ErrorResponse or NoticeResponse. */
export function readFields(body: Uint8Array): ServerFields {
  const fields: Record<string, string> = {}
  let position = 0
  while (position < body.length && body[position] !== 0) {
    const end = endOfText(body, position + 1)
    fields[String.fromCharCode(body[position]!)] = utf8.decode(body.subarray(position + 1, end))
    position = end + 1
  }
  return fields
}

readFields.text = (body: Uint8Array, from: number): string =>
  utf8.decode(body.subarray(from, endOfText(body, from)))

/** Reads a RowDescription's columns. */
readFields.rowDescription = (body: Uint8Array): DescribedColumn[] => {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  if (body.length < 2) throw new ProtocolFault('A row description is too short.')
  const columns: DescribedColumn[] = []
  let position = 2
  for (let left = view.getUint16(0); left > 0; left -= 1) {
    const end = endOfText(body, position)
    if (end + 19 > body.length) throw new ProtocolFault('A row description is too short.')
    columns.push({
      name: utf8.decode(body.subarray(position, end)),
      tableOid: view.getUint32(end + 1),
      attributeNumber: view.getInt16(end + 5),
      typeOid: view.getUint32(end + 7),
      typeModifier: view.getInt32(end + 13),
      format: view.getInt16(end + 17),
    })
    position = end + 19
  }
  if (position !== body.length) throw new ProtocolFault('A row description has bytes left over.')
  return columns
}

function endOfText(body: Uint8Array, from: number): number {
  const end = body.indexOf(0, from)
  if (end < 0) throw new ProtocolFault('A text in a message has no end.')
  return end
}
