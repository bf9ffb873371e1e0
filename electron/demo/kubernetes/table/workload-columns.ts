// The columns of apps and batch kinds. Pure.
import type { Condition } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, textAt } from '../storage/kube-object.ts'
import { parseTime, printAge, printDuration } from '../storage/kube-time.ts'
import type { Column } from './columns.ts'
import {
  ageColumn,
  column,
  countCell,
  labelsCell,
  nameColumn,
  pathCell,
  shareCell,
  templateColumns,
} from './columns.ts'

const template = 'spec.template.spec'

function jobStatus(object: KubeObject): string {
  const isTrue = (type: string): boolean =>
    (listAt(object, 'status.conditions') as Condition[]).some(
      (one) => one.type === type && one.status === 'True',
    )
  if (isTrue('Complete')) return 'Complete'
  if (isTrue('Failed')) return 'Failed'
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (isTrue('Suspended')) return 'Suspended'
  return 'Running'
}

function jobDuration(object: KubeObject, nowMs: number): string {
  const start = parseTime(textAt(object, 'status.startTime') || undefined)
  if (Number.isNaN(start)) return ''
  const end = parseTime(textAt(object, 'status.completionTime') || undefined)
  return printDuration((Number.isNaN(end) ? nowMs : end) - start)
}

const jobCompletions = (object: KubeObject): string => {
  const done = textAt(object, 'status.succeeded') || '0'
  const wanted = textAt(object, 'spec.completions')
  return wanted === '' ? `${done}/1 of ${textAt(object, 'spec.parallelism')}` : `${done}/${wanted}`
}

export const workloadColumns: Record<string, Column[]> = {
  'apps/deployments': [
    nameColumn,
    column('Ready', shareCell('status.readyReplicas', 'spec.replicas')),
    column('Up-to-date', countCell('status.updatedReplicas'), 'integer'),
    column('Available', countCell('status.availableReplicas'), 'integer'),
    ageColumn,
    ...templateColumns(template, 'spec.selector.matchLabels'),
  ],
  'apps/replicasets': [
    nameColumn,
    column('Desired', countCell('spec.replicas'), 'integer'),
    column('Current', countCell('status.replicas'), 'integer'),
    column('Ready', countCell('status.readyReplicas'), 'integer'),
    ageColumn,
    ...templateColumns(template, 'spec.selector.matchLabels'),
  ],
  'apps/daemonsets': [
    nameColumn,
    column('Desired', countCell('status.desiredNumberScheduled'), 'integer'),
    column('Current', countCell('status.currentNumberScheduled'), 'integer'),
    column('Ready', countCell('status.numberReady'), 'integer'),
    column('Up-to-date', countCell('status.updatedNumberScheduled'), 'integer'),
    column('Available', countCell('status.numberAvailable'), 'integer'),
    column('Node Selector', labelsCell(`${template}.nodeSelector`)),
    ageColumn,
    ...templateColumns(template, 'spec.selector.matchLabels'),
  ],
  'apps/statefulsets': [
    nameColumn,
    column('Ready', shareCell('status.readyReplicas', 'spec.replicas')),
    ageColumn,
    ...templateColumns(template),
  ],
  'batch/jobs': [
    nameColumn,
    column('Status', jobStatus),
    column('Completions', jobCompletions),
    column('Duration', jobDuration),
    ageColumn,
    ...templateColumns(template, 'spec.selector.matchLabels'),
  ],
  'batch/cronjobs': [
    nameColumn,
    column('Schedule', pathCell('spec.schedule')),
    column('Timezone', pathCell('spec.timeZone')),
    column('Suspend', (object) => (textAt(object, 'spec.suspend') === 'true' ? 'True' : 'False'), 'boolean'),
    column('Active', (object) => listAt(object, 'status.active').length, 'integer'),
    column('Last Schedule', (object, nowMs) => {
      const last = textAt(object, 'status.lastScheduleTime')
      return last === '' ? '<none>' : printAge(last, nowMs)
    }),
    ageColumn,
    ...templateColumns('spec.jobTemplate.spec.template.spec'),
  ],
}
