// Files of SSH hosts by SFTP: browse, fetch, send, change. Bytes never travel inside calls: downloads are streams that
// the page fetches, uploads are byte channels that the page fills.
import { z } from 'zod'
import { connectionId } from '../model/connection.ts'
import { channelTicket, command, query, streamTicket, timestampMs } from './kernel.ts'

/** Absolute, as POSIX has it. */
const remotePath = z.string().min(1).max(4096).regex(/^\/[^\0]*$/, 'An absolute path')
const fileName = z.string().min(1).max(255).regex(/^[^/\0]+$/, 'A name without a slash').refine((name) => name !== '.' && name !== '..')

export const remoteFile = z.object({
  name: z.string(),
  kind: z.enum(['file', 'directory', 'link', 'other']),
  /** What a link leads to: null for others, and for one that leads nowhere. */
  targetKind: z.enum(['file', 'directory', 'other']).nullable(),
  linkTarget: z.string().nullable(),
  sizeBytes: z.number(),
  modifiedMs: timestampMs,
  /** Permission bits: 0o7777. */
  mode: z.number().int(),
  owner: z.string(),
  group: z.string(),
})
export type RemoteFile = z.infer<typeof remoteFile>

export const remoteFolder = z.object({
  path: z.string(),
  files: remoteFile.array(),
  /** How many more there are than are listed. */
  leftOut: z.number().int(),
})
export type RemoteFolder = z.infer<typeof remoteFolder>

/** Longest text that is shown and edited in the page. */
export const textLimitBytes = 1024 * 1024

export const remoteText = z.object({
  text: z.string(),
  modifiedMs: timestampMs,
  sizeBytes: z.number(),
  mode: z.number().int(),
})
export type RemoteText = z.infer<typeof remoteText>

const place = z.object({ connectionId, path: remotePath })

export const files = {
  /** Without a path the account's home. Relative to nothing: paths are absolute. */
  list: query({ input: z.object({ connectionId, path: remotePath.optional() }), output: remoteFolder }),
  /** `unsupported` for what is no UTF-8 text or longer than the limit. */
  readText: query({ input: place, output: remoteText }),
  /** `conflict` when the file is not as it was read. */
  writeText: command({
    title: 'Change a remote file',
    writes: 'site',
    input: place.extend({
      text: z.string().max(textLimitBytes),
      /** As read; null makes a new file. */
      expected: z.object({ modifiedMs: timestampMs, sizeBytes: z.number() }).nullable(),
    }),
    output: remoteText,
  }),
  makeDirectory: command({ title: 'Make a remote folder', writes: 'site', input: place.extend({ name: fileName }) }),
  rename: command({ title: 'Rename a remote file', writes: 'site', input: place.extend({ to: remotePath }) }),
  setMode: command({
    title: 'Change the permissions of a remote file',
    writes: 'site',
    input: place.extend({ mode: z.number().int().min(0).max(0o7777) }),
  }),
  /** A folder goes with everything in it. `confirmation` is its name. */
  remove: command({
    title: 'Delete a remote file',
    writes: 'site',
    danger: 'destructive',
    input: place.extend({ confirmation: z.string().max(255) }),
    output: z.object({ removed: z.number().int() }),
  }),
  download: query({ input: place, output: streamTicket }),
  /** The page writes exactly `sizeBytes` into the channel; nothing is at `path/name` before all is there. */
  upload: command({
    title: 'Upload a file',
    writes: 'site',
    input: place.extend({ name: fileName, sizeBytes: z.number().int().min(0), mayReplace: z.boolean() }),
    output: z.object({ uploadId: z.string(), channel: channelTicket }),
  }),
  /** Waits for the end of an upload. Rejects as it failed. */
  uploadOutcome: query({
    input: z.object({ uploadId: z.string().max(64) }),
    output: z.object({ sizeBytes: z.number(), sha256: z.string() }),
  }),
}
