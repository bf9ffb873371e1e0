// The containers of a pod as its page lists them: state in a few words, restarts, what each asks for. Pure.
import type { Health } from '#shared/model/inventory.ts'
import { flagAt, listAt, numberAt, recordAt, textAt } from '#shared/model/kubernetes-fields.ts'
import type { KubeContainer } from '#shared/model/kubernetes.ts'

export function containersOf(pod: unknown): KubeContainer[] {
  const read = (path: 'containers' | 'initContainers', statusPath: string, isInit: boolean): KubeContainer[] =>
    listAt(pod, `spec.${path}`).map((spec) => {
      const name = textAt(spec, 'name')
      const status = listAt(pod, `status.${statusPath}`).find((item) => textAt(item, 'name') === name)
      return {
        name,
        image: textAt(spec, 'image'),
        isInit,
        ...stateOf(status, isInit),
        restarts: numberAt(status, 'restartCount') ?? 0,
        resources: resourceWords(spec),
        ports: listAt(spec, 'ports').map((item) => ({
          name: textAt(item, 'name'),
          port: numberAt(item, 'containerPort') ?? 0,
          protocol: textAt(item, 'protocol') || 'TCP',
        })),
        hasPrevious: Object.keys(recordAt(status, 'lastState')).length > 0,
      }
    })
  return [...read('initContainers', 'initContainerStatuses', true), ...read('containers', 'containerStatuses', false)]
}

function stateOf(status: unknown, isInit: boolean): { health: Health; state: string } {
  if (status === undefined) return { health: 'unknown', state: 'not started' }
  const waiting = textAt(status, 'state.waiting.reason')
  if (waiting) {
    const isPlain = waiting === 'ContainerCreating' || waiting === 'PodInitializing'
    return { health: isPlain ? 'warning' : 'error', state: `waiting: ${waiting}` }
  }
  const exitCode = numberAt(status, 'state.terminated.exitCode')
  if (exitCode !== undefined) {
    const reason = textAt(status, 'state.terminated.reason')
    return exitCode === 0
      ? { health: isInit ? 'ok' : 'off', state: 'ended' }
      : { health: 'error', state: `ended: ${reason || 'Error'}, exit code ${exitCode}` }
  }
  return flagAt(status, 'ready') || isInit ? { health: 'ok', state: 'running' } : { health: 'warning', state: 'running, not ready' }
}

function resourceWords(spec: unknown): string {
  const requests = recordAt(spec, 'resources.requests')
  const limits = recordAt(spec, 'resources.limits')
  return [...new Set([...Object.keys(requests), ...Object.keys(limits)])]
    .map((name) => {
      const asks = requests[name] === undefined ? 'no request' : String(requests[name])
      return limits[name] === undefined || limits[name] === requests[name] ? `${name} ${asks}` : `${name} ${asks}, at most ${String(limits[name])}`
    })
    .join('; ')
}
