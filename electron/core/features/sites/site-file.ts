// A site as a file: its connections without any secret, to be given to a colleague or another machine. What is read
// back is checked as strictly as what is typed in: a file may come from anybody.
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import { connectionSettings, site, type ConnectionSettings, type Site } from '#shared/model/connection.ts'
import { checkSettings } from './connection-rules.ts'
import { jumpLabel, withJump } from './jump-hosts.ts'

const format = 'meridian-site'
const version = 1
const maxConnections = 500

const siteFile = z.object({
  format: z.literal(format),
  version: z.literal(version),
  name: site.shape.name,
  isReadOnly: z.boolean(),
  connections: z
    .array(
      z.object({
        label: z.string().min(1).max(100),
        settings: connectionSettings,
        /** The label of the SSH connection that is the way to this one. */
        jump: z.string().max(100).optional(),
      }),
    )
    .max(maxConnections),
})
export interface SiteFile {
  name: string
  isReadOnly: boolean
  connections: Array<{ label: string; settings: ConnectionSettings; jump: string | null }>
}

/** The file's name and text. Settings go through their schema, so that nothing unknown gets out. */
export function writeSiteFile(source: Site): { filename: string; text: string } {
  const content = siteFile.parse({
    format,
    version,
    name: source.name,
    isReadOnly: source.isReadOnly,
    connections: source.connections.map(({ label, settings }) => {
      const jump = jumpLabel(source.connections, settings)
      return { label, settings: withJump(settings, undefined), ...(jump === null ? {} : { jump }) }
    }),
  })
  const slug =
    source.name
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'site'
  return { filename: `${slug}.meridian-site.json`, text: `${JSON.stringify(content, undefined, 2)}\n` }
}

/** Throws `invalid-input` with a sentence for everything that is not a site file. */
export function readSiteFile(text: string): SiteFile {
  const value = parseJson(text)
  const head = z.object({ format: z.literal(format), version: z.number() }).safeParse(value)
  if (!head.success) throw refuse('This is not a site file of Meridian.')
  if (head.data.version > version)
    throw refuse(
      `This site file was written by a later version of Meridian (its format is ${head.data.version}).`,
      'Update Meridian, then import it again.',
    )
  const parsed = siteFile.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw refuse(
      `The site file is damaged at ${issue?.path.map(String).join('.').slice(0, 100) || 'its beginning'}: ${issue?.message ?? 'it is not understood'}.`,
    )
  }
  const { name, isReadOnly, connections } = parsed.data
  return {
    name,
    isReadOnly,
    connections: connections.map(({ label, settings, jump }, index) => ({
      label,
      settings: withJump(checked(settings, index), undefined),
      jump: jump ?? null,
    })),
  }
}

function checked(settings: ConnectionSettings, index: number): ConnectionSettings {
  try {
    return checkSettings(settings)
  } catch (error) {
    throw refuse(
      `The site file’s connection ${index + 1} cannot be used: ${error instanceof AppError ? error.message : 'it is not understood.'}`,
    )
  }
}

function parseJson(text: string): unknown {
  const start = text.trimStart().slice(0, 1)
  if (start === '') throw refuse('The site file is empty.')
  if (start === '<') throw refuse('This is not a site file: it is a web page or XML.')
  try {
    return JSON.parse(text)
  } catch {
    throw refuse('This is not a site file: it is not JSON, or it was cut short.')
  }
}

const refuse = (message: string, remedy = 'Choose a file that was made with Sites → Export.'): AppError =>
  new AppError('invalid-input', message, { remedy })
