// Writes the cluster's events: one object per happening, counted up when the same happens again, gone after an hour
// as in a real cluster. Controllers and the daily life of the lab record through it.
import type { DemoClock } from '../../context.ts'
import { shelf } from '../api/resource-table.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { numberAt, recordAt, textAt } from '../storage/kube-object.ts'
import { parseTime, timestamp } from '../storage/kube-time.ts'
import type { ObjectStore } from '../storage/object-store.ts'

export interface EventNote {
  reason: string
  message: string
  component: string
  type?: 'Normal' | 'Warning'
  host?: string
  /** `spec.containers{name}` for what concerns one container. */
  container?: string
}

export interface EventRecorder {
  record(about: KubeObject, note: EventNote): void
  /** Drops what is older than an hour; returns when the next event will be, if there is one. */
  purge(): number | undefined
}

export const eventLifeMs = 3_600_000

export function createEventRecorder(store: ObjectStore, clock: Pick<DemoClock, 'nowMs'>): EventRecorder {
  let counter = 0
  const existing = (about: KubeObject, note: EventNote): KubeObject | undefined =>
    store
      .list(shelf.events)
      .find(
        (event) =>
          textAt(event, 'involvedObject.uid') === about.metadata.uid &&
          textAt(event, 'reason') === note.reason &&
          textAt(event, 'message') === note.message,
      )
  return {
    record(about, note) {
      const nowMs = clock.nowMs()
      const same = existing(about, note)
      if (same !== undefined) {
        store.update(shelf.events, {
          ...same,
          count: numberAt(same, 'count', 1) + 1,
          lastTimestamp: timestamp(nowMs),
        })
        return
      }
      counter += 1
      const suffix = (BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(counter % 1_000_000)).toString(16)
      store.create(shelf.events, newEvent(about, note, `${about.metadata.name}.${suffix}`, nowMs))
    },
    purge() {
      const floor = clock.nowMs() - eventLifeMs
      let oldest = Number.POSITIVE_INFINITY
      for (const event of store.list(shelf.events)) {
        const lastMs = parseTime(textAt(event, 'lastTimestamp') || event.metadata.creationTimestamp)
        if (lastMs > floor) oldest = Math.min(oldest, lastMs)
        else store.remove(shelf.events, event.metadata.namespace, event.metadata.name)
      }
      return Number.isFinite(oldest) ? oldest + eventLifeMs : undefined
    },
  }
}

function newEvent(about: KubeObject, note: EventNote, name: string, nowMs: number): KubeObject {
  const { namespace = 'default', uid = '', resourceVersion = '' } = about.metadata
  const fieldPath = note.container === undefined ? {} : { fieldPath: `spec.containers{${note.container}}` }
  const host = note.host === undefined ? {} : { host: note.host }
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace, creationTimestamp: timestamp(nowMs) },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      ...(about.metadata.namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      ...fieldPath,
    },
    reason: note.reason,
    message: note.message,
    type: note.type ?? 'Normal',
    source: { component: note.component, ...host },
    firstTimestamp: timestamp(nowMs),
    lastTimestamp: timestamp(nowMs),
    count: 1,
    eventTime: null,
    reportingComponent: note.component,
    reportingInstance: note.host ?? '',
  }
}

/** Events of a node are filed under its name instead of its uid, as the kubelet does. */
export const nodeReference = (node: KubeObject): KubeObject => ({
  apiVersion: node.apiVersion,
  kind: node.kind,
  metadata: { name: node.metadata.name, uid: node.metadata.name },
  spec: recordAt(node, 'spec'),
})
