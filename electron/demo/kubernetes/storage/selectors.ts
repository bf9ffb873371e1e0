// Label and field selectors: parsed once per request, asked for every object. Grammar: the Kubernetes label selector
// syntax (equality, set and existence terms joined by commas) and the equality-only field selector syntax.
import type { KubeObject } from './kube-object.ts'
import { textAt, isRecord, valueAt } from './kube-object.ts'
import { badRequest } from './kube-status.ts'

export type ObjectTest = (object: KubeObject) => boolean

const labelKey = /^([A-Za-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/

/** Throws BadRequest on text that is no selector. */
export function parseLabelSelector(text: string): ObjectTest {
  const terms = splitTerms(text).map((term) => parseLabelTerm(term, text))
  return (object) => terms.every((term) => term(object.metadata.labels ?? {}))
}

type LabelTest = (labels: Record<string, string>) => boolean

function splitTerms(text: string): string[] {
  const terms = text.split(/,(?![^(]*\))/).map((term) => term.trim())
  return terms.length === 1 && terms[0] === '' ? [] : terms
}

function parseLabelTerm(term: string, whole: string): LabelTest {
  const refuse = (): never => {
    throw badRequest(`unable to parse requirement: found '${term}' in label selector '${whole}'`)
  }
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term)
  if (set !== null) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    if (!labelKey.test(key) || values.some((value) => !labelValue.test(value))) refuse()
    return operator === 'in'
      ? (labels) => labels[key] !== undefined && values.includes(labels[key])
      : (labels) => labels[key] === undefined || !values.includes(labels[key])
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(term)
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality
    if (!labelKey.test(key) || !labelValue.test(value)) refuse()
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  const existence = /^(!?)\s*(\S+)$/.exec(term)
  const key = existence?.[2] ?? ''
  if (existence === null || !labelKey.test(key)) return refuse()
  return existence[1] === '!' ? (labels) => !(key in labels) : (labels) => key in labels
}

/** Fields every kind supports; the per-kind ones follow the upstream field label conversions. */
const everyField = ['metadata.name', 'metadata.namespace']
const kindFields: Record<string, string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  jobs: ['status.successful'],
  replicasets: ['status.replicas'],
  replicationcontrollers: ['status.replicas'],
  services: ['spec.clusterIP', 'spec.type'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
}

const fieldText = (object: KubeObject, field: string): string => {
  if (field === 'source') return textAt(object, 'source.component')
  if (field === 'status.successful') return textAt(object, 'status.succeeded') || '0'
  if (field === 'spec.unschedulable' || field === 'spec.hostNetwork') return textAt(object, field) || 'false'
  return textAt(object, field)
}

/** Throws BadRequest on an operator or a field that this resource does not support. */
export function parseFieldSelector(text: string, plural: string): ObjectTest {
  const allowed = [...everyField, ...(kindFields[plural] ?? [])]
  const terms = splitTerms(text).map((term) => {
    const match = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/.exec(term)
    if (match === null) throw badRequest(`invalid field selector: '${term}'; can't understand '${term}'`)
    const [, field = '', operator, value = ''] = match
    if (!allowed.includes(field)) throw badRequest(`field label not supported: ${field}`)
    const plain = value.replace(/\\(.)/g, '$1')
    return (object: KubeObject): boolean => (fieldText(object, field) === plain) === (operator !== '!=')
  })
  return (object) => terms.every((term) => term(object))
}

/** The selector inside a spec: `matchLabels` and `matchExpressions`. An empty one matches everything. */
export function matchesSelector(selector: unknown, labels: Record<string, string>): boolean {
  const wanted = valueAt(selector, 'matchLabels')
  if (isRecord(wanted) && Object.entries(wanted).some(([key, value]) => labels[key] !== value)) return false
  const expressions = valueAt(selector, 'matchExpressions')
  if (!Array.isArray(expressions)) return true
  return expressions.every((expression: unknown) => {
    const key = textAt(expression, 'key')
    const values = valueAt(expression, 'values')
    const isListed = Array.isArray(values) && labels[key] !== undefined && values.includes(labels[key])
    switch (textAt(expression, 'operator')) {
      case 'In':
        return isListed
      case 'NotIn':
        return !isListed
      case 'Exists':
        return key in labels
      case 'DoesNotExist':
        return !(key in labels)
      default:
        return false
    }
  })
}
