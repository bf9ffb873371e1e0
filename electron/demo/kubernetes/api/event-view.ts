// The two faces of an event: stored in the core form, shown and accepted in the events.k8s.io form as well. Pure.
import type { KubeObject } from '../storage/kube-object.ts'
import { numberAt, recordAt, textAt } from '../storage/kube-object.ts'
import type { ResourceType } from './resource-table.ts'

/** The stored object as this resource shows it. */
export function viewOf(resource: ResourceType, object: KubeObject): KubeObject {
  return resource.group === 'events.k8s.io' ? toEventsGroup(object) : object
}

/** A written object as the store keeps it. */
export function storedForm(resource: ResourceType, object: KubeObject): KubeObject {
  return resource.group === 'events.k8s.io' ? toCore(object) : object
}

const eventTimeOf = (event: KubeObject): string => {
  const time = textAt(event, 'eventTime') || textAt(event, 'firstTimestamp')
  return time.includes('.') ? time : time.replace(/Z$/, '.000000Z')
}

function toEventsGroup(event: KubeObject): KubeObject {
  const source = recordAt(event, 'source')
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: event.metadata,
    eventTime: eventTimeOf(event),
    reportingController: textAt(event, 'reportingComponent') || textAt(source, 'component'),
    reportingInstance:
      textAt(event, 'reportingInstance') || textAt(source, 'host') || textAt(source, 'component'),
    action: textAt(event, 'action') || textAt(event, 'reason'),
    reason: textAt(event, 'reason'),
    regarding: recordAt(event, 'involvedObject'),
    note: textAt(event, 'message'),
    type: textAt(event, 'type'),
    deprecatedSource: source,
    ...(textAt(event, 'firstTimestamp') === '' ? {} : { deprecatedFirstTimestamp: event['firstTimestamp'] }),
    ...(textAt(event, 'lastTimestamp') === '' ? {} : { deprecatedLastTimestamp: event['lastTimestamp'] }),
    deprecatedCount: numberAt(event, 'count', 1),
  }
}

function toCore(event: KubeObject): KubeObject {
  const controller = textAt(event, 'reportingController')
  const first =
    textAt(event, 'deprecatedFirstTimestamp') || textAt(event, 'eventTime').replace(/\.\d+Z$/, 'Z')
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    involvedObject: recordAt(event, 'regarding'),
    reason: textAt(event, 'reason'),
    message: textAt(event, 'note'),
    type: textAt(event, 'type') || 'Normal',
    action: textAt(event, 'action'),
    eventTime: textAt(event, 'eventTime') || null,
    firstTimestamp: first,
    lastTimestamp: textAt(event, 'deprecatedLastTimestamp') || first,
    count: numberAt(event, 'deprecatedCount', 1),
    source: { component: controller },
    reportingComponent: controller,
    reportingInstance: textAt(event, 'reportingInstance'),
  }
}
