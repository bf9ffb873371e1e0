// Containers that really run: a pod whose image is one of the lab's and whose command is a Python script out of a
// ConfigMap becomes a process of this computer. Everything else in the cluster stays what its run plan says.
import type { LabProcess, ProcessEnd } from '../../containers/lab-process.ts'
import type { LabRunner, RunOrder } from '../../containers/lab-runner.ts'
import type { ContainerSpec, PodSpec } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { isRecord, listAt, recordAt, textAt } from '../storage/kube-object.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { quantityOr } from '../storage/quantity.ts'

export interface RealLine {
  atMs: number
  /** Within its millisecond, so that the stamps of a log never change. */
  nanos: number
  text: string
}

/** Why a container cannot start yet, as the kubelet words it. */
export interface Hindrance {
  reason: string
  message: string
  /** Told by an event instead of a waiting reason. */
  isMount?: boolean
}

export interface RealContainers {
  /** Whether the command is one that really runs. */
  isReal(spec: PodSpec): boolean
  /** The same for a Ray job's entry point on its head pod. */
  isRealEntrypoint(spec: PodSpec, entrypoint: string): boolean
  /** Starts it under `key` (a uid), once; or says what stands in the way. */
  start(key: string, namespace: string, spec: PodSpec, options?: { entrypoint?: string; seconds?: number; extra?: Record<string, string> }): Hindrance | undefined
  isStarted(key: string): boolean
  endOf(key: string): (ProcessEnd & { atMs: number }) | undefined
  /** Undefined for containers that never really ran. */
  linesOf(key: string): readonly RealLine[] | undefined
  kill(key: string): void
  readonly hasAny: boolean
  /** Ends everything that is not among these. Logs of the gone are kept no longer. */
  keepOnly(keys: ReadonlySet<string>): void
  dispose(): void
}

interface Container {
  process: LabProcess
  lines: RealLine[]
  end: (ProcessEnd & { atMs: number }) | undefined
}

const ownImages = /^(registry\.radioastronomy\.io\/lab\/|docker\.io\/rayproject\/ray:)/
const keptLines = 50_000

export function createRealContainers(options: {
  runner: LabRunner
  store: ObjectStore
  nowMs: () => number
  /** Something has ended: the controllers should look. */
  onEnd: () => void
}): RealContainers {
  const { runner, store, nowMs, onEnd } = options
  const containers = new Map<string, Container>()

  const commandOf = (container: ContainerSpec | undefined): string[] => [...(container?.command ?? []), ...(container?.args ?? [])]
  function scriptOf(spec: PodSpec, container: ContainerSpec | undefined, command: readonly string[]): string | undefined {
    if (container === undefined || !ownImages.test(container.image) || !/^python3?$/.test(command[0] ?? '')) return undefined
    const mounts = mountsOf(spec, container)
    return command.find((argument) => mounts.some(({ path }) => argument.startsWith(`${path}/`)))
  }

  function orderOf(namespace: string, spec: PodSpec, command: readonly string[], extra: Record<string, string>, seconds: number | undefined): RunOrder | Hindrance {
    const [container] = spec.containers
    if (container === undefined) return { reason: 'InvalidSpec', message: 'no container' }
    const files = new Map<string, Buffer>()
    for (const { path, configMap } of mountsOf(spec, container)) {
      const map = store.get('/configmaps', namespace, configMap)
      if (map === undefined)
        return { reason: 'FailedMount', message: `MountVolume.SetUp failed for volume "${configMap}" : configmap "${configMap}" not found`, isMount: true }
      for (const [name, content] of contentOf(map)) files.set(`${path}/${name}`, content)
    }
    const environment = environmentOf(store, namespace, container)
    if ('reason' in environment) return environment as Hindrance
    const memory = container.resources?.limits?.['memory']
    return {
      files,
      argv: command,
      environment: { ...(environment as Record<string, string>), ...extra },
      memoryBytes: memory === undefined ? undefined : quantityOr(memory, 0),
      seconds,
    }
  }

  return {
    isReal: (spec) => spec.restartPolicy !== 'Always' && scriptOf(spec, spec.containers[0], commandOf(spec.containers[0])) !== undefined,
    isRealEntrypoint: (spec, entrypoint) => scriptOf(spec, spec.containers[0], entrypoint.split(/\s+/)) !== undefined,
    start(key, namespace, spec, { entrypoint, seconds, extra = {} } = {}) {
      if (containers.has(key)) return undefined
      if (!runner.canRun)
        return {
          reason: 'CreateContainerError',
          message: 'the demo lab found no Python 3.9 or later on this computer, so that containers cannot run',
        }
      const command = entrypoint === undefined ? commandOf(spec.containers[0]) : entrypoint.split(/\s+/)
      const order = orderOf(namespace, spec, command, extra, seconds)
      if ('reason' in order) return order
      const lines: RealLine[] = []
      let sequence = 0
      const process = runner.run(order, (text) => {
        sequence = (sequence + 1) % 1_000_000
        lines.push({ atMs: nowMs(), nanos: sequence, text })
        if (lines.length > keptLines) lines.splice(0, 1_000)
      })
      const container: Container = { process, lines, end: undefined }
      containers.set(key, container)
      void process.ended.then((end) => {
        container.end = { ...end, atMs: nowMs() }
        onEnd()
      })
      return undefined
    },
    isStarted: (key) => containers.has(key),
    endOf: (key) => containers.get(key)?.end,
    linesOf: (key) => containers.get(key)?.lines,
    get hasAny() {
      return containers.size > 0
    },
    kill: (key) => containers.get(key)?.process.kill(),
    keepOnly(keys) {
      for (const [key, container] of containers) {
        if (keys.has(key)) continue
        container.process.kill()
        containers.delete(key)
      }
    },
    dispose() {
      for (const { process } of containers.values()) process.kill()
      containers.clear()
    },
  }
}

/** Where ConfigMaps are mounted. */
function mountsOf(spec: PodSpec, container: ContainerSpec): { path: string; configMap: string }[] {
  return listAt(container, 'volumeMounts').flatMap((mount) => {
    const volume = (spec.volumes ?? []).find((one) => textAt(one, 'name') === textAt(mount, 'name'))
    const configMap = textAt(volume, 'configMap.name')
    const path = textAt(mount, 'mountPath').replace(/\/+$/, '')
    return configMap === '' || path === '' ? [] : [{ path, configMap }]
  })
}

function contentOf(map: KubeObject): [name: string, content: Buffer][] {
  const texts = Object.entries(recordAt(map, 'data')).map(([name, text]): [string, Buffer] => [name, Buffer.from(String(text))])
  const binaries = Object.entries(recordAt(map, 'binaryData')).map(([name, text]): [string, Buffer] => [name, Buffer.from(String(text), 'base64')])
  // A key is a file's name, and nothing that could lead elsewhere.
  return [...texts, ...binaries].filter(([name]) => /^[-._a-zA-Z0-9]+$/.test(name) && name !== '.' && name !== '..')
}

function environmentOf(store: ObjectStore, namespace: string, container: ContainerSpec): Record<string, string> | Hindrance {
  const values: Record<string, string> = {}
  for (const source of listAt(container, 'envFrom')) {
    for (const [kind, key] of [['secretRef', '/secrets'], ['configMapRef', '/configmaps']] as const) {
      const name = textAt(source, `${kind}.name`)
      if (name === '') continue
      const found = store.get(key, namespace, name)
      if (found === undefined) {
        if (recordAt(source, kind)['optional'] === true) continue
        return { reason: 'CreateContainerConfigError', message: `${kind === 'secretRef' ? 'secret' : 'configmap'} "${name}" not found` }
      }
      for (const [variable, text] of Object.entries(recordAt(found, 'data')))
        values[variable] = kind === 'secretRef' ? Buffer.from(String(text), 'base64').toString('utf8') : String(text)
    }
  }
  for (const one of container.env ?? []) if (isRecord(one) && typeof one.value === 'string') values[one.name] = one.value
  return values
}

