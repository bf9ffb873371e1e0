// An object as the YAML that people read and edit. What the server keeps for itself is folded away; values of secrets
// are replaced by their sizes before anything leaves the core, also where kubectl left a copy of them.
import { parseDocument, stringify } from 'yaml'
import { AppError } from '#shared/errors.ts'
import type { AnyObject } from '../../connectors/kubernetes/kubernetes-objects.ts'

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** For reading: without managed fields, and without secrets. */
export function toYaml(object: AnyObject): string {
  return stringify(withoutSecrets(withoutBookkeeping(object)), { lineWidth: 0 })
}

function withoutBookkeeping(object: AnyObject): AnyObject {
  const { managedFields: _folded, ...metadata } = object.metadata as AnyObject['metadata'] & { managedFields?: unknown }
  const { apiVersion, kind, ...rest } = object
  // Kind and version lead, as in every manifest.
  return { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), ...rest, metadata: metadata as AnyObject['metadata'] }
}

export const isSecret = (object: { kind?: string | undefined }): boolean => object.kind === 'Secret'

/** The same object; of a secret only the keys and how long their values are. */
export function withoutSecrets(object: AnyObject): AnyObject {
  if (!isSecret(object)) return object
  const sizes = (record: unknown, sizeOf: (value: string) => number): Record<string, string> | undefined =>
    typeof record === 'object' && record !== null
      ? Object.fromEntries(Object.entries(record).map(([key, value]) => [key, `(${sizeOf(String(value))} bytes, not shown)`]))
      : undefined
  const data = sizes(object['data'], (value) => Buffer.from(value, 'base64').length)
  const stringData = sizes(object['stringData'], (value) => Buffer.byteLength(value))
  const annotations = object.metadata.annotations ?? {}
  const hidden = lastApplied in annotations ? { ...annotations, [lastApplied]: '(not shown)' } : annotations
  return {
    ...object,
    metadata: { ...object.metadata, annotations: hidden },
    ...(data ? { data } : {}),
    ...(stringData ? { stringData } : {}),
  }
}

/** One object from YAML. Throws `invalid-input` with the line where it cannot be read. */
export function fromYaml(text: string): AnyObject {
  const documents = manyFromYaml(text)
  if (documents.length !== 1) throw invalid(`There must be one object, and there are ${documents.length}.`)
  return documents[0]!
}

/** All documents of a manifest; empty ones are left out. */
export function manyFromYaml(text: string): AnyObject[] {
  const parts = text.split(/^---\s*(?:#.*)?$/m).filter((part) => part.replace(/^\s*#.*$/gm, '').trim() !== '')
  if (parts.length > 100) throw invalid('A manifest may hold 100 objects at most.')
  return parts.map((part) => {
    // Aliases are bounded: a manifest must not grow without end when it is read.
    const document = parseDocument(part, { prettyErrors: true })
    const [problem] = document.errors
    if (problem) throw invalid(problem.message.split('\n')[0]!)
    const value = document.toJS({ maxAliasCount: 100 }) as unknown
    const metadata = (value as { metadata?: { name?: unknown } } | null)?.metadata
    if (typeof metadata?.name !== 'string' || metadata.name === '') throw invalid('The object has no metadata.name.')
    return value as AnyObject
  })
}

const invalid = (message: string): AppError =>
  new AppError('invalid-input', `The YAML cannot be used: ${message}`, { remedy: 'Correct the text, then try again.' })
