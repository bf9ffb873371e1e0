// Tasks as the core would send them, for component tests.
import type { Task } from '#shared/contracts/tasks.ts'
import { connectionId, siteId } from './sample-session.ts'

export const sampleTask = (extra: Partial<Task> = {}): Task => ({
  taskId: 'task-1',
  kind: 'proxmox',
  siteId,
  connectionId,
  title: 'Start pg01',
  subject: 'pg01 (2002)',
  entityId: 'pg01',
  reference: 'UPID:node01:00000001:00000001:00000001:qmstart:2002:root@pam:',
  state: 'running',
  startedAtMs: Date.now() - 3000,
  endedAtMs: null,
  fraction: null,
  message: 'Started',
  remedy: null,
  canStop: true,
  logLines: 0,
  ...extra,
})
