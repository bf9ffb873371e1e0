// The words in which every contract is written. A procedure is one of four kinds, and the router treats it by
// its kind alone: queries may be repeated, commands are audited and never repeated, events and tickets stream.
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'

export type ProcedureKind = 'query' | 'command' | 'events'

export interface ProcedureMeta extends Record<string, unknown> {
  kind: ProcedureKind
  /** Shown in the audit log for a command, e.g. "Remove a site". */
  title?: string
  /** The router refuses a destructive command whose `confirmation` is empty; the service compares it. */
  danger?: 'destructive'
  /** Changes a system of the site: the router refuses it while the site is read-only. Names its site by `siteId` or `connectionId`. */
  writes?: 'site'
  /** Works while the vault is locked: only what the unlock screen itself needs. */
  worksLocked?: boolean
}

const base = oc.$meta<ProcedureMeta>({ kind: 'query' })
const nothing = z.void()

type Extra = Omit<ProcedureMeta, 'kind'>
const schemaOr = <S extends z.ZodType>(schema: S | undefined) => (schema ?? nothing) as S

/** Reads. May be shared between callers and retried. */
export const query = <I extends z.ZodType = z.ZodVoid, O extends z.ZodType = z.ZodVoid>(
  shape: { input?: I; output?: O } & Extra,
) => {
  const { input, output, ...extra } = shape
  return base.meta({ kind: 'query', ...extra }).input(schemaOr(input)).output(schemaOr(output))
}

/** Changes something: audited, never retried by the carrier. */
export const command = <I extends z.ZodType = z.ZodVoid, O extends z.ZodType = z.ZodVoid>(
  shape: { input?: I; output?: O; title: string } & Extra,
) => {
  const { input, output, ...extra } = shape
  return base.meta({ kind: 'command', ...extra }).input(schemaOr(input)).output(schemaOr(output))
}

/** A sequence of small events; ends once. Producers conflate: a slow reader sees fewer, never stale, events. */
export const events = <E extends z.ZodType, I extends z.ZodType = z.ZodVoid>(
  shape: { input?: I; event: E } & Extra,
) => {
  const { input, event, ...extra } = shape
  return base.meta({ kind: 'events', ...extra }).input(schemaOr(input)).output(eventIterator(event))
}

/** Where the bytes of a table or a file are fetched, once: `fetch(ticket.url)`. */
export const streamTicket = z.object({ streamId: z.string(), url: z.string() })
export type StreamTicket = z.infer<typeof streamTicket>

/** A duplex byte channel waiting for its page end. */
export const channelTicket = z.object({ channelId: z.string() })
export type ChannelTicket = z.infer<typeof channelTicket>

/** Milliseconds since the Unix epoch. */
export const timestampMs = z.number()
