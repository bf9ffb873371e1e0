// What the identities of the site's Proxmox connections may do, so that screens can grey what they may not, and say why.
import { z } from 'zod'
import { connectionId, siteId } from '../model/connection.ts'
import { rights as rightsModel } from '../model/rights.ts'
import { events } from './kernel.ts'

export const siteRights = z.array(z.object({ connectionId, rights: rightsModel }))
export type SiteRights = z.infer<typeof siteRights>

export const rights = {
  /** Asked of each server anew every few minutes while anybody listens; a server that does not answer is left out. */
  watch: events({ input: z.object({ siteId }), event: siteRights }),
}
