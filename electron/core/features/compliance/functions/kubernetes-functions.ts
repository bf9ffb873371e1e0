// What rules must know of Kubernetes beyond single fields: containers of a pod, flags of control plane programs, who is
// bound to what. Pure; written against the API's objects.
import type { RuleFunction } from '../rules/rule-functions.ts'
import { RuleFault } from '../rules/rule-fault.ts'
import { asRow, asRows, asText, rowsField, textField, textsField, type Row } from './arguments.ts'

const systemNamespace = /^(kube-system|kube-public|kube-node-lease|cattle-.*|tigera-operator|calico-.*|longhorn-system)$/
const isSystemNamespace = (name: unknown): boolean => systemNamespace.test(asText(name))

const metadataOf = (object: Row): Row => asRow(object['metadata'] ?? {})
const specOf = (object: Row): Row => asRow(object['spec'] ?? {})

const containers = (pod: unknown): Row[] => {
  const spec = specOf(asRow(pod))
  return [...rowsField(spec, 'containers'), ...rowsField(spec, 'initContainers'), ...rowsField(spec, 'ephemeralContainers')]
}

/** Pods of people's workloads that have not ended. */
const userPods = (pods: unknown): Row[] =>
  asRows(pods).filter((pod) => {
    const phase = textField(asRow(pod['status'] ?? {}), 'phase')
    return !isSystemNamespace(textField(metadataOf(pod), 'namespace')) && phase !== 'Succeeded' && phase !== 'Failed'
  })

const securityOf = (holder: Row, name: string): unknown => {
  const context = holder['securityContext']
  return context === undefined || context === null ? null : (asRow(context)[name] ?? null)
}
const addedCapabilities = (container: unknown): string[] => {
  const capabilities = securityOf(asRow(container), 'capabilities')
  return capabilities === null ? [] : textsField(asRow(capabilities), 'add')
}

/** `registry:5000/team/app:1.2` → tag `1.2`, source `registry:5000/team`. */
const imageTag = (image: unknown): string => /:([^:/@]+)(@|$)/.exec(asText(image))?.[1] ?? ''
function imageSource(image: unknown): string {
  const parts = asText(image).replace(/[:@][^/]*$/, '').split('/')
  const hasHost = parts.length > 1 && /[.:]|^localhost$/.test(parts[0] ?? '')
  const path = hasHost ? parts : ['docker.io', ...(parts.length === 1 ? ['library', ...parts] : parts)]
  return path.slice(0, 2).join('/')
}

/** Static pods of the control plane; a cluster that shows none cannot be judged. */
function controlPlane(pods: unknown): Row[] {
  const found = asRows(pods)
  if (found.length === 0)
    throw new RuleFault('The cluster shows no pods of this control plane program; its arguments cannot be read here.', 'unread')
  return found
}
/** The value of `--name=value` among command and arguments; null when it is not given. */
function flag(pod: unknown, name: unknown): string | null {
  const [first] = rowsField(specOf(asRow(pod)), 'containers')
  const words = first ? [...textsField(first, 'command'), ...textsField(first, 'args')] : []
  const start = `--${asText(name)}=`
  return words.find((word) => word.startsWith(start))?.slice(start.length) ?? null
}
const isControlPlane = (node: unknown): boolean => {
  const labels = asRow(metadataOf(asRow(node))['labels'] ?? {})
  return 'node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels
}

const subjectName = (subject: Row): string =>
  textField(subject, 'kind') === 'ServiceAccount'
    ? `ServiceAccount ${textField(subject, 'namespace')}/${textField(subject, 'name')}`
    : `${textField(subject, 'kind')} ${textField(subject, 'name')}`

const roleOf = (binding: Row): string => textField(asRow(binding['roleRef'] ?? {}), 'name')

/** Subjects of cluster-admin; `system:masters` is the cluster's own. */
function clusterAdministrators(bindings: unknown): Row[] {
  const held = asRows(bindings)
    .filter((binding) => roleOf(binding) === 'cluster-admin')
    .flatMap((binding) =>
      rowsField(binding, 'subjects').map((subject) => ({
        name: subjectName(subject),
        kind: textField(subject, 'kind'),
        namespace: textField(subject, 'namespace'),
        binding: textField(metadataOf(binding), 'name'),
      })),
    )
    .filter((subject) => subject.name !== 'Group system:masters')
  const personCount = new Set(held.filter(({ kind }) => kind !== 'ServiceAccount').map(({ name }) => name)).size
  return held.map((subject) => ({ ...subject, personCount }))
}

const openRoles: Record<string, readonly string[]> = {
  'system:authenticated': ['system:basic-user', 'system:discovery', 'system:public-info-viewer'],
  'system:anonymous': ['system:public-info-viewer'],
  'system:unauthenticated': ['system:public-info-viewer'],
}
const openBindings = (bindings: unknown): Row[] =>
  asRows(bindings).flatMap((binding) =>
    rowsField(binding, 'subjects').flatMap((subject) => {
      const name = textField(subject, 'name')
      const allowed = openRoles[name]
      if (!allowed || allowed.includes(roleOf(binding))) return []
      const { namespace } = metadataOf(binding)
      const own = textField(metadataOf(binding), 'name')
      return [{ binding: typeof namespace === 'string' ? `${namespace}/${own}` : own, role: roleOf(binding), subject: name }]
    }),
  )

/** Roles that neither Kubernetes nor the distribution brought. */
const ownRoles = (roles: unknown): Row[] =>
  asRows(roles).filter((role) => {
    const metadata = metadataOf(role)
    const labels = asRow(metadata['labels'] ?? {})
    return labels['kubernetes.io/bootstrapping'] !== 'rbac-defaults' && !textField(metadata, 'name').startsWith('system:')
  })

/** Who can read every secret, through a cluster-wide binding. */
function secretReaders(roles: unknown, bindings: unknown): Row[] {
  const reading = new Set(
    asRows(roles)
      .filter((role) =>
        rowsField(role, 'rules').some((rule) => {
          const resources = textsField(rule, 'resources')
          const verbs = textsField(rule, 'verbs')
          return (
            (resources.includes('secrets') || resources.includes('*')) &&
            textsField(rule, 'resourceNames').length === 0 &&
            verbs.some((verb) => ['get', 'list', 'watch', '*'].includes(verb))
          )
        }),
      )
      .map((role) => textField(metadataOf(role), 'name')),
  )
  const readers = asRows(bindings)
    .filter((binding) => reading.has(roleOf(binding)))
    .flatMap((binding) =>
      rowsField(binding, 'subjects').map((subject) => ({
        name: subjectName(subject),
        namespace: textField(subject, 'namespace'),
        kind: textField(subject, 'kind'),
        binding: textField(metadataOf(binding), 'name'),
      })),
    )
    .filter(({ name, kind, namespace }) => !/ system:/.test(name) && !(kind === 'ServiceAccount' && isSystemNamespace(namespace)))
  return [...new Map(readers.map((reader) => [reader.name, reader])).values()]
}

export const kubernetesFunctions: Readonly<Record<string, RuleFunction>> = {
  isSystemNamespace,
  containers,
  userPods,
  context: (container, name) => securityOf(asRow(container), asText(name)),
  podContext: (pod, name) => securityOf(specOf(asRow(pod)), asText(name)),
  addedCapabilities,
  imageTag,
  imageSource,
  controlPlane,
  flag,
  isControlPlane,
  clusterAdministrators,
  openBindings,
  ownRoles,
  secretReaders,
}
