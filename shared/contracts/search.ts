// One search over everything that is known, also without a network.
import { z } from 'zod'
import { siteId } from '../model/connection.ts'
import { query } from './kernel.ts'

export const searchHit = z.object({
  /** Unique in the answer, and the same for the same thing at the next search. */
  id: z.string(),
  /** Heading: `Guests`, `Results`, `Alerts`. */
  group: z.string(),
  title: z.string(),
  subtitle: z.string(),
  /** 0 is an exact match; more is less. */
  rank: z.number(),
  /** Where it is looked at; `path` and `query` as `navigate` takes them. */
  place: z.object({ path: z.string(), query: z.record(z.string(), z.string()) }),
  /** The site that must be open to look at it; null = any. */
  siteId: siteId.nullable(),
})
export type SearchHit = z.infer<typeof searchHit>

export const search = {
  /** `vm: web`, `ip: 10.1`, `task: backup` ask one kind only. Hits come grouped, the best group first. */
  find: query({
    input: z.object({ text: z.string().max(200), siteId: siteId.nullable(), limit: z.number().int().min(1).max(50).default(8) }),
    output: z.object({
      hits: searchHit.array(),
      elapsedMs: z.number(),
      /** Sources that could not be searched, as sentences. */
      problems: z.array(z.string()),
    }),
  }),
}
