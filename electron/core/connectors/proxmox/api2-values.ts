// How values look on the wire of Proxmox VE and PBS: booleans as 0/1, numbers sometimes as texts, lists that must
// not fail as a whole because one row is odd. Schemas let unknown fields pass.
import { z } from 'zod'

/** A number, or a text that is one. */
export const wireNumber = z.union([
  z.number(),
  z
    .string()
    .regex(/^\s*[-+]?\d+(\.\d+)?([eE][-+]?\d+)?\s*$/)
    .transform(Number),
])

/** 0/1, true/false, and the texts that Perl makes of them. */
export const wireBoolean = z.union([
  z.boolean(),
  z.number().transform((value) => value !== 0),
  z
    .string()
    .transform(
      (value) => value !== '' && value !== '0' && value !== 'false' && value !== 'no' && value !== 'off',
    ),
])

/** A text, or a number where Perl held a number. */
export const wireText = z.union([z.string(), z.number().transform(String)])

const rowsPerTurn = 500

/**
 * The rows that have the shape, in order; odd ones are left out. Undefined when `data` is no list, or when it has
 * rows and none of them fits. Lets the event loop run between pieces of a long list.
 */
export async function parseRows<S extends z.ZodType>(
  schema: S,
  data: unknown,
): Promise<z.infer<S>[] | undefined> {
  if (!Array.isArray(data)) return undefined
  const rows: z.infer<S>[] = []
  for (let at = 0; at < data.length; at += 1) {
    if (at > 0 && at % rowsPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    const parsed = schema.safeParse(data[at])
    if (parsed.success) rows.push(parsed.data)
  }
  return rows.length === 0 && data.length > 0 ? undefined : rows
}

/**
 * A property string as configs hold them: `virtio=02:60:…,bridge=vmbr1,tag=60`. A first part without `=` goes
 * under `defaultKey`.
 */
export function parseProperties(text: string, defaultKey = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [at, part] of text.split(',').entries()) {
    const equals = part.indexOf('=')
    if (equals > 0) found[part.slice(0, equals).trim()] = part.slice(equals + 1).trim()
    else if (at === 0) found[defaultKey] = part.trim()
  }
  return found
}
