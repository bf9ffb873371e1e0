// The XML that an S3 service speaks: answers, and errors with their code. Writes only; the one body that clients
// send, RestoreRequest, is read here too, strictly.

/** A refusal in S3's own words: state, code, message. */
export class S3Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'
const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? letter)

export type XmlValue = string | number | boolean | XmlNode | XmlNode[] | undefined
export interface XmlNode {
  [name: string]: XmlValue
}

/** An element with its children; undefined ones are left out, a list repeats its name. */
function element(name: string, value: XmlValue, attributes = ''): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item) => element(name, item)).join('')
  const body =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([child, inner]) => element(child, inner))
          .join('')
      : escaped(String(value))
  return `<${name}${attributes}>${body}</${name}>`
}

const head = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** A whole answer in S3's namespace. */
export const answerXml = (name: string, value: XmlNode): string =>
  `${head}${element(name, value, ` xmlns="${namespace}"`)}`

export const errorXml = (
  refusal: { code: string; message: string },
  resource: string,
  requestId: string,
): string =>
  `${head}${element('Error', { Code: refusal.code, Message: refusal.message, Resource: resource, RequestId: requestId, HostId: 'demo' })}`

export type Tier = 'Expedited' | 'Standard' | 'Bulk'

/** The body of RestoreObject. Anything else than its few elements is MalformedXML, as on the real service. */
export function readRestoreRequest(text: string): { days: number; tier: Tier } {
  const malformed = new S3Refusal(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  )
  const plain = text.replace(/^<\?xml[^>]*\?>\s*/, '')
  const [, inner = ''] =
    /^<RestoreRequest(?: xmlns="[^"]*")?>([\s\S]*)<\/RestoreRequest>\s*$/.exec(plain) ?? []
  const [, days] = /<Days>(\d+)<\/Days>/.exec(inner) ?? []
  const [, tier = 'Standard'] = /<Tier>(\w+)<\/Tier>/.exec(inner) ?? []
  const rest = inner
    .replace(/<Days>\d+<\/Days>/, '')
    .replace(/<GlacierJobParameters>\s*<Tier>\w+<\/Tier>\s*<\/GlacierJobParameters>/, '')
  if (days === undefined || Number(days) < 1 || rest.trim() !== '') throw malformed
  if (tier !== 'Expedited' && tier !== 'Standard' && tier !== 'Bulk') throw malformed
  return { days: Number(days), tier }
}
