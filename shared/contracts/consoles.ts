// Consoles: terminals and screens of nodes, guests, pods and SSH hosts. Opening one connects to its system and answers
// with a byte channel; credentials stay in the core, the page sees bytes only. How it ended is asked of `outcome`.
import { z } from 'zod'
import { wireError } from '../errors.ts'
import { consoleAddress } from '../model/console.ts'
import { channelTicket, command, query } from './kernel.ts'

const consoleId = z.string().min(1).max(64)

/** Of a terminal, in characters. */
export const terminalSize = z.object({
  columns: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(1000),
})
export type TerminalSize = z.infer<typeof terminalSize>

export const openedConsole = z.object({
  consoleId,
  channel: channelTicket,
  /** `terminal`: the channel carries what xterm understands. `screen`: it speaks RFB 3.8 without security. */
  kind: z.enum(['terminal', 'screen']),
  title: z.string(),
  /** Where it is: `radioastronomy · node03`, `rke2 · ray-system`. */
  place: z.string(),
  /** True when the core drops whatever the page types: the site is read-only. */
  isViewOnly: z.boolean(),
})
export type OpenedConsole = z.infer<typeof openedConsole>

/** How a console ended. `exited`: its program ended by itself. `lost`: the way to it broke, `error` says why. */
export const consoleEnd = z.object({
  how: z.enum(['exited', 'closed', 'lost']),
  /** Null where the system does not tell. */
  exitCode: z.number().int().nullable(),
  /** One sentence for the person who sat in front of it. */
  message: z.string(),
  error: wireError.nullable(),
})
export type ConsoleEnd = z.infer<typeof consoleEnd>

export const consoles = {
  /** Connects; failures of the system are this call's failures. The channel waits half a minute for its page end. */
  open: command({
    title: 'Open a console',
    input: consoleAddress.extend({ size: terminalSize }),
    output: openedConsole,
  }),
  /** Repeating it does no harm, and an audit record for each drag of a window's corner would bury the others. */
  resize: query({ input: z.object({ consoleId, size: terminalSize }) }),
  /** Waits for the end. Asked once the channel has closed it answers at once, for a minute. */
  outcome: query({ input: z.object({ consoleId }), output: consoleEnd }),
  /** Moves a terminal to the window that calls: its recent output comes again, then goes on. The old window's channel ends. */
  take: command({
    title: 'Move a console to another window',
    input: z.object({ consoleId, size: terminalSize }),
    output: openedConsole,
  }),
}
