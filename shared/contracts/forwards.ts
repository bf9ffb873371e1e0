// Port forwards through SSH hosts: local (-L), remote (-R) and dynamic (SOCKS5, -D). Kept per connection; a running one
// follows its host through lost connections until it is stopped.
import { z } from 'zod'
import { wireError } from '../errors.ts'
import { connectionId, siteId } from '../model/connection.ts'
import { command, events } from './kernel.ts'

const port = z.number().int().min(1).max(65_535)
const bindAddress = z.union([z.ipv4(), z.ipv6()])
const targetHost = z.string().min(1).max(253).regex(/^[A-Za-z0-9._:-]+$/, 'A host name or an IP address')

export const forwardPlan = z.discriminatedUnion('kind', [
  /** Listens here; the host connects to the target. */
  z.object({ kind: z.literal('local'), bindAddress, bindPort: port, targetHost, targetPort: port }),
  /** Listens on the host; this computer connects to the target. */
  z.object({ kind: z.literal('remote'), bindAddress, bindPort: port, targetHost, targetPort: port }),
  /** A SOCKS5 proxy here; the host connects wherever the program asks. */
  z.object({ kind: z.literal('dynamic'), bindAddress, bindPort: port }),
])
export type ForwardPlan = z.infer<typeof forwardPlan>

export const forwardDraft = z.object({
  connectionId,
  label: z.string().max(100),
  plan: forwardPlan,
  /** Started whenever Meridian starts and the vault is open. */
  isAutomatic: z.boolean(),
})
export type ForwardDraft = z.infer<typeof forwardDraft>

export const forward = forwardDraft.extend({
  forwardId: z.string(),
  /** `waiting`: it runs, but its host cannot be reached now; tried again by itself. */
  state: z.enum(['stopped', 'starting', 'running', 'waiting', 'failed']),
  openConnections: z.number().int(),
  totalConnections: z.number().int(),
  /** From the side that listens to the target, and back. */
  sentBytes: z.number(),
  receivedBytes: z.number(),
  error: wireError.nullable(),
})
export type Forward = z.infer<typeof forward>

const forwardRef = z.object({ forwardId: z.string().max(64) })

export const forwards = {
  /** All of a site's, whenever something changes and about each second while bytes flow. */
  watch: events({ input: z.object({ siteId }), event: forward.array() }),
  add: command({ title: 'Add a port forward', input: forwardDraft, output: forward }),
  update: command({ title: 'Change a port forward', input: forwardDraft.extend(forwardRef.shape), output: forward }),
  remove: command({ title: 'Remove a port forward', input: forwardRef }),
  /** Resolves when it listens; rejects as it failed. */
  start: command({ title: 'Start a port forward', input: forwardRef, output: forward }),
  stop: command({ title: 'Stop a port forward', input: forwardRef, output: forward }),
}
