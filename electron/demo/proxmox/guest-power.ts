// Power actions on guests of the demo cluster: each becomes a task that takes its time, changes the guest when it is
// due, and fails in the hypervisor's words. With high availability the call is only a request, as in real life.
import { runtimeFault } from '../api2/api-fault.ts'
import type { DemoTask } from '../api2/tasks.ts'
import { hashFraction } from '../world/load.ts'
import { haOf, lockRefusal, type Cluster } from './cluster.ts'
import { isUp, taskTypeOf, wordOf, type ConfigValue, type Guest } from './guest.ts'

export type PowerAction = 'start' | 'stop' | 'shutdown' | 'reboot' | 'suspend' | 'resume' | 'reset'

interface ActionShape {
  durationMs: number
  /** Refused at once when the guest is not running. */
  needsRunning: boolean
}

const shapes: Record<PowerAction, ActionShape> = {
  start: { durationMs: 3_000, needsRunning: false },
  stop: { durationMs: 2_000, needsRunning: false },
  shutdown: { durationMs: 12_000, needsRunning: false },
  reboot: { durationMs: 18_000, needsRunning: true },
  suspend: { durationMs: 1_500, needsRunning: true },
  resume: { durationMs: 1_200, needsRunning: false },
  reset: { durationMs: 800, needsRunning: true },
}

const haDelayMs = 8_000

export interface PowerOptions {
  owner: string
  /** `suspend` only: hibernate to disk. */
  isToDisk?: boolean
}

/** Starts the task and returns its UPID. Throws the 500 that the real call answers at once. */
export function runPowerAction(
  cluster: Cluster,
  guest: Guest,
  action: PowerAction,
  options: PowerOptions,
): string {
  const shape = shapes[action]
  if (guest.isTemplate) throw runtimeFault("you can't start a vm if it's a template")
  if (shape.needsRunning && !isUp(guest)) throw runtimeFault(`${wordOf(guest)} ${guest.vmid} not running`)
  const ha = haOf(cluster, guest.vmid)
  const isHaRequest = action === 'start' || action === 'stop' || action === 'shutdown'
  if (ha && isHaRequest && (ha.state === 'started' || ha.state === 'stopped')) {
    return requestFromHa(cluster, guest, action, options.owner)
  }
  return startPowerTask(cluster, guest, action, options).upid
}

function requestFromHa(
  cluster: Cluster,
  guest: Guest,
  action: 'start' | 'stop' | 'shutdown',
  owner: string,
): string {
  const wanted = action === 'start' ? 'started' : 'stopped'
  const task = cluster.tasks.start(
    { node: guest.node, type: action === 'start' ? 'hastart' : 'hastop', id: String(guest.vmid), owner },
    (run) => {
      run.at(0, () => `Requesting HA ${action === 'start' ? 'start' : 'stop'} for VM ${guest.vmid}`)
      run.end(700, () => {
        const resource = haOf(cluster, guest.vmid)
        if (resource) resource.state = wanted
      })
    },
  )
  cluster.after(haDelayMs, () => {
    if (haOf(cluster, guest.vmid)?.state !== wanted) return
    if ((action === 'start') === isUp(guest)) return
    startPowerTask(cluster, guest, action === 'stop' ? 'stop' : action, { owner: 'root@pam' })
  })
  return task.upid
}

/** The worker itself, also used by tasks that start a guest on their way (rollback with start). */
export function startPowerTask(
  cluster: Cluster,
  guest: Guest,
  action: PowerAction,
  options: PowerOptions,
): DemoTask {
  const shape = shapes[action]
  const isHibernation = action === 'suspend' && options.isToDisk === true
  const durationMs =
    (isHibernation ? 9_000 : shape.durationMs) * (0.8 + 0.4 * hashFraction(`${guest.vmid}${action}`))
  return cluster.tasks.start(
    { node: guest.node, type: taskTypeOf(guest, action), id: String(guest.vmid), owner: options.owner },
    (run) => {
      let refusal: string | undefined
      run.at(0, () => {
        refusal = refusalOf(guest, action)
        if (refusal === undefined && isHibernation) guest.lock = 'suspending'
        return refusal === undefined ? openingLines(guest, action) : undefined
      })
      run.onStop(() => {
        if (guest.lock === 'suspending') guest.lock = undefined
      })
      run.end(refusal === undefined ? durationMs : 200, (atMs) => {
        if (refusal !== undefined) return refusal
        if (isHibernation) hibernate(guest, atMs)
        else applyPower(guest, action, atMs)
        return undefined
      })
    },
  )
}

function refusalOf(guest: Guest, action: PowerAction): string | undefined {
  if (action === 'start' && isUp(guest)) return `${wordOf(guest)} ${guest.vmid} already running`
  if (guest.lock && !(guest.lock === 'suspended' && (action === 'start' || action === 'resume')))
    return lockRefusal(guest)
  if (action === 'resume' && guest.state === 'stopped') return `${wordOf(guest)} ${guest.vmid} not running`
  return undefined
}

function openingLines(guest: Guest, action: PowerAction): string[] {
  if (action === 'start' && guest.settings['tpmstate0'] !== undefined) {
    return [`generated swtpm process of VM ${guest.vmid} is up`]
  }
  return []
}

function hibernate(guest: Guest, atMs: number): void {
  guest.lock = 'suspended'
  applyPower(guest, 'stop', atMs)
}

/** Puts the guest into the state that follows an action. */
export function applyPower(guest: Guest, action: PowerAction, atMs: number): void {
  switch (action) {
    case 'start':
      boot(guest, atMs)
      break
    case 'reboot':
    case 'reset':
      boot(guest, action === 'reset' ? guest.bootMs : atMs)
      break
    case 'stop':
    case 'shutdown':
      if (isUp(guest)) guest.stoppedSinceMs = atMs
      guest.state = 'stopped'
      break
    case 'suspend':
      guest.state = 'paused'
      break
    case 'resume':
      if (guest.lock === 'suspended') boot(guest, atMs)
      else guest.state = 'running'
      break
  }
}

function boot(guest: Guest, atMs: number): void {
  if (guest.lock === 'suspended') guest.lock = undefined
  guest.state = 'running'
  guest.bootMs = atMs
  guest.stoppedSinceMs = undefined
  applyPending(guest)
}

/** Config changes that waited for a cold start come into force. */
function applyPending(guest: Guest): void {
  for (const [key, value] of Object.entries(guest.pending)) setConfig(guest, key, value)
  guest.pending = {}
}

/** Writes one config key, into the field that models it where there is one. */
export function setConfig(guest: Guest, key: string, value: ConfigValue | undefined): void {
  const mebibytes = Number(value) * 2 ** 20
  if ((key === 'name' || key === 'hostname') && value !== undefined) guest.name = String(value)
  else if (key === 'cores' && value !== undefined) guest.vcpu = Number(value)
  else if (key === 'memory' && value !== undefined) guest.memoryBytes = mebibytes
  else if (key === 'balloon') guest.balloonBytes = value === undefined ? 0 : mebibytes
  else if (key === 'tags')
    guest.tags = String(value ?? '')
      .split(/[;, ]+/)
      .filter(Boolean)
      .sort()
  else if (value === undefined) delete guest.settings[key]
  else guest.settings[key] = value
}
