// Follows one task of Proxmox Backup Server to its end, as for Proxmox VE; only the log's lines are counted differently.
import { followApi2Task, type Api2TaskEnding, type FollowTaskOptions } from '../proxmox/follow-task.ts'
import type { PbsConnector } from './pbs-connector.ts'

export const pbsTaskPath = (upid: string): string => `/nodes/localhost/tasks/${encodeURIComponent(upid)}`

/** `connector` is asked for anew each time. Rejects only when `signal` fires. */
export function followPbsTask(
  connector: () => Pick<PbsConnector, 'call' | 'rows'>,
  upid: string,
  options: FollowTaskOptions,
): Promise<Api2TaskEnding> {
  // PBS begins AT line `start`: the last line that is known comes once more and is left out by its number.
  return followApi2Task(connector, { path: pbsTaskPath(upid), where: 'The backup server', startAfter: (count) => count }, options)
}
