// Tasks of Proxmox VE and of PBS for the task desk. The reference is `{ upid }`; where to ask is in the UPID itself.
import { z } from 'zod'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { ConnectorDesk } from '../connector-desk.ts'
import { followPbsTask, pbsTaskPath } from '../connectors/pbs/follow-task.ts'
import { followProxmoxTask, pveTaskPath, upidPattern } from '../connectors/proxmox/follow-task.ts'
import type { TaskDriver, TaskFollowing } from './task-driver.ts'

const reference = z.object({ upid: z.string().regex(upidPattern) })
export type UpidReference = z.infer<typeof reference>

export function createProxmoxTaskDriver(connectors: Pick<ConnectorDesk, 'proxmox'>): TaskDriver<UpidReference> {
  return {
    reference,
    nameOf: ({ upid }) => upid,
    follow: ({ upid }, following) => {
      const connectionId = ownConnection(following)
      return followProxmoxTask(() => connectors.proxmox(connectionId), upid, following)
    },
    stop: async ({ upid }, connectionId) => {
      await connectors.proxmox(connectionId!).call(z.unknown(), { method: 'DELETE', path: pveTaskPath(upid) })
    },
  }
}

export function createPbsTaskDriver(connectors: Pick<ConnectorDesk, 'pbs'>): TaskDriver<UpidReference> {
  return {
    reference,
    nameOf: ({ upid }) => upid,
    follow: ({ upid }, following) => {
      const connectionId = ownConnection(following)
      return followPbsTask(() => connectors.pbs(connectionId), upid, following)
    },
    stop: async ({ upid }, connectionId) => {
      await connectors.pbs(connectionId!).call(z.unknown(), { method: 'DELETE', path: pbsTaskPath(upid) })
    },
  }
}

function ownConnection({ connectionId }: TaskFollowing): ConnectionId {
  if (connectionId === null) throw new Error('A task of Proxmox belongs to a connection')
  return connectionId
}
