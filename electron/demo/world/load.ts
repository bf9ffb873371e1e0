// How busy everything in the lab is, as a pure function of what and when: smooth curves made of sine waves, so that
// a figure "now", an average over an RRD step and a counter since boot all agree. Read by the Proxmox VE and PBS
// servers (and, for its nodes, by the Kubernetes one). Holds no state and reads no clock.
import type { DemoGuest, DemoNode, DemoSite } from './site.ts'

interface Wave {
  amplitude: number
  periodMs: number
  phase: number
}

/** `mean · (1 + Σ amplitude·sin)`: never negative, because the amplitudes add up to less than 1. */
export interface LoadCurve {
  mean: number
  waves: Wave[]
}

const minuteMs = 60_000
/** Day, shift, hour, minutes, and a shimmer that a user sees within seconds; incommensurable on purpose. */
const periodsMs = [1440 * minuteMs, 397 * minuteMs, 61 * minuteMs, 13 * minuteMs, 97_000]
const amplitudes = [0.3, 0.18, 0.16, 0.13, 0.1]

/** A stable number in [0, 1) for any text (FNV-1a with a final mix). */
export function hashFraction(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32
}

/** A curve around `mean` whose shape is fixed by `id`. `liveliness` in [0, 1] scales the swing. */
export function loadCurve(id: string, mean: number, liveliness = 1): LoadCurve {
  const waves = periodsMs.map((periodMs, index) => ({
    amplitude: (amplitudes[index] ?? 0) * liveliness,
    periodMs,
    phase: hashFraction(`${id}#${index}`) * 2 * Math.PI,
  }))
  return { mean, waves }
}

/** Value of the curve at a moment. */
export function valueAt(curve: LoadCurve, atMs: number): number {
  let factor = 1
  for (const wave of curve.waves)
    factor += wave.amplitude * Math.sin((2 * Math.PI * atMs) / wave.periodMs + wave.phase)
  return curve.mean * factor
}

/** ∫ curve dt in value·seconds: what a counter gained between two moments. Exact, so counters never run backwards. */
export function integralOf(curve: LoadCurve, fromMs: number, untilMs: number): number {
  let sum = (untilMs - fromMs) / 1000
  for (const wave of curve.waves) {
    const perMs = (2 * Math.PI) / wave.periodMs
    const swing = Math.cos(perMs * fromMs + wave.phase) - Math.cos(perMs * untilMs + wave.phase)
    sum += (wave.amplitude / perMs / 1000) * swing
  }
  return curve.mean * sum
}

/** Mean of the curve over a step: what an RRD archive consolidates as AVERAGE. */
export const averageOf = (curve: LoadCurve, fromMs: number, untilMs: number): number =>
  untilMs > fromMs ? (integralOf(curve, fromMs, untilMs) * 1000) / (untilMs - fromMs) : valueAt(curve, fromMs)

/** The curves of one guest. cpu in fractions of its vCPUs, mem in bytes, the rest in bytes per second. */
export interface GuestCurves {
  cpu: LoadCurve
  memBytes: LoadCurve
  netInBps: LoadCurve
  netOutBps: LoadCurve
  diskReadBps: LoadCurve
  diskWriteBps: LoadCurve
}

const mebibyte = 2 ** 20
const gibibyte = 2 ** 30

/** Relative appetite for CPU by tag; scaled per node so that the node's mean is the one the inventory gives. */
const appetite = (guest: DemoGuest): number => {
  if (guest.tags.includes('k8s')) return 1
  if (guest.tags.includes('db')) return 0.8
  if (guest.tags.includes('gpu')) return 0.9
  if (guest.tags.includes('docker') || guest.tags.includes('monitor')) return 0.6
  return 0.25 + 0.3 * hashFraction(guest.name)
}

const hostShare = 0.02

/** Curves of every guest of the site, by VMID. Guests that come later (clones) get `curvesOfNewGuest`. */
export function guestCurves(site: DemoSite): Map<number, GuestCurves> {
  const curves = new Map<number, GuestCurves>()
  for (const node of site.nodes) {
    const guests = site.guests.filter(
      (guest) => guest.node === node.name && guest.runtime.status === 'running',
    )
    const wanted = Math.max(node.sample.cpuLoad - hostShare, 0.01) * node.threads
    const weight = guests.reduce((sum, guest) => sum + appetite(guest) * guest.vcpu, 0)
    for (const guest of guests)
      curves.set(guest.vmid, makeCurves(guest, Math.min((appetite(guest) * wanted) / weight, 0.5)))
  }
  for (const guest of site.guests)
    if (!curves.has(guest.vmid)) curves.set(guest.vmid, makeCurves(guest, 0.06))
  return curves
}

function makeCurves(guest: DemoGuest, cpuMean: number): GuestCurves {
  return curvesOfNewGuest(String(guest.vmid), {
    cpuMean,
    memBytes: memoryMeanBytes(guest),
    busyness: guest.vcpu * appetite(guest),
  })
}

function memoryMeanBytes(guest: DemoGuest): number {
  const maxBytes = guest.memory.maxMiB * mebibyte
  // Passed-through devices pin all of a guest's memory.
  if (guest.hostpci.length > 0) return maxBytes
  const share = guest.memory.ballooning ? 0.42 + 0.18 * hashFraction(`mem${guest.vmid}`) : 0.88
  return maxBytes * share
}

/** Curves of a guest that the inventory does not know. `busyness` is about its number of busy vCPUs. */
export function curvesOfNewGuest(
  id: string,
  about: { cpuMean: number; memBytes: number; busyness: number },
): GuestCurves {
  const rate = (kind: string, perBusyBps: number) =>
    loadCurve(`${kind}${id}`, perBusyBps * about.busyness * (0.5 + hashFraction(`${kind}mean${id}`)))
  return {
    cpu: loadCurve(`cpu${id}`, about.cpuMean),
    memBytes: loadCurve(`mem${id}`, about.memBytes, 0.12),
    netInBps: rate('netin', 140_000),
    netOutBps: rate('netout', 110_000),
    diskReadBps: rate('diskread', 320_000),
    diskWriteBps: rate('diskwrite', 450_000),
  }
}

/** The host's own share: CPU fraction of all threads, memory bytes, I/O wait fraction, bytes per second. */
export interface NodeCurves {
  cpu: LoadCurve
  memBytes: LoadCurve
  ioWait: LoadCurve
  rootUsedBytes: LoadCurve
  netInBps: LoadCurve
  netOutBps: LoadCurve
}

/** Curves of a node without its guests; the server adds what the guests on it use at that moment. */
export function nodeCurves(node: DemoNode): NodeCurves {
  return {
    cpu: loadCurve(`host${node.name}`, hostShare),
    memBytes: loadCurve(`hostmem${node.name}`, 3.4 * gibibyte, 0.1),
    ioWait: loadCurve(`iowait${node.name}`, node.sample.ioWait),
    rootUsedBytes: loadCurve(`root${node.name}`, (9 + 12 * hashFraction(`root${node.name}`)) * 1e9, 0.02),
    netInBps: loadCurve(`hostin${node.name}`, 60_000),
    netOutBps: loadCurve(`hostout${node.name}`, 55_000),
  }
}

/** Fraction of a guest disk that holds data; thin pools fill by it. Grows by about 1 % a month. */
export function diskFillFraction(vmid: number, slot: string, atMs: number): number {
  const base = 0.28 + 0.4 * hashFraction(`fill${vmid}${slot}`)
  const months = (atMs / 86_400_000 / 30) % 12
  return Math.min(base + 0.01 * months, 0.97)
}
