// Pods from an API server to the page's table at 10, 100, 1,000 and 10,000: the first list (over TLS, through the core's
// feed, sorted by the page), a change of 1 %, and what is kept in memory. The peer in the same run is
// `kubectl get pods -A -o json` against the same server, where there is a kubectl. Growth is time per pod against the
// next smaller.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shelf } from '../electron/demo/kubernetes/api/resource-table.ts'
import { openKubeLab, type KubeLab } from '../electron/demo/kubernetes/testing/kube-client.ts'
import { createKubernetesConnector, type KubernetesConnector } from '#core/connectors/kubernetes/kubernetes-connector.ts'
import { createClusterDesk } from '#core/features/kubernetes/cluster-desk.ts'
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { ConnectionId, SettingsOf } from '#shared/model/connection.ts'
import type { KubeRow } from '#shared/model/kubernetes.ts'
import { RowTable } from '../renderer/features/kubernetes/row-table.ts'
import type { Emit } from './figure.ts'

const sizes = [10, 100, 1000, 10_000]
const rounds = 5
const limitMs = 60_000

interface Reading {
  firstListMs: number
  changeMs: number
  bytesPerPod: number
  kubectlMs: number | undefined
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silent }

function heapBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function connect(lab: KubeLab): KubernetesConnector {
  const { settings, secrets } = lab.demo.drafts[0]!
  const lease = { read: (name: string) => (secrets as Record<string, string>)[name] }
  return createKubernetesConnector(settings as SettingsOf<'kubernetes'>, lease, { log: silent, now: Date.now })
}

/** Whatever would make pods again. */
const makers = [shelf.deployments, shelf.daemonSets, shelf.statefulSets, shelf.cronJobs, shelf.jobs, shelf.rayJobs, shelf.rayClusters, shelf.replicaSets]

/** Exactly `count` pods, all made from one that the lab has. */
function fill(lab: KubeLab, count: number): void {
  const { store } = lab.demo
  const existing = store.list('/pods')
  const [model] = existing.filter((pod) => pod.metadata.name.startsWith('void-notebooks'))
  for (const key of makers) for (const maker of store.list(key)) store.remove(key, maker.metadata.namespace, maker.metadata.name)
  for (const pod of existing) store.remove('/pods', pod.metadata.namespace, pod.metadata.name)
  for (let index = 0; index < count; index += 1)
    store.create('/pods', {
      ...structuredClone(model!),
      metadata: { ...structuredClone(model!.metadata), name: `pod-${index}`, namespace: `space-${index % 20}`, uid: `uid-${index}`, ownerReferences: [] },
    })
}

async function measure(count: number): Promise<Reading> {
  const lab = await openKubeLab()
  const connector = connect(lab)
  fill(lab, count)
  const desk = createClusterDesk({
    connectors: { kubernetes: () => connector, proxmox: fail, pbs: fail, ssh: fail, dispose: () => undefined } as never,
    platform: { now: Date.now, log: silent } as never,
  })
  try {
    const cluster = desk.cluster('bench' as ConnectionId)
    const kind = await cluster.kind('pods')
    const before = heapBytes()
    const table = new RowTable()
    table.setView({ sortBy: (row: KubeRow) => row.name, isDescending: false, isShown: () => true })
    const controller = new AbortController()
    let noticed: ((event: RowsEvent) => void) | undefined
    const startedAt = performance.now()
    const first = new Promise<void>((resolve) => (noticed = (event) => event.state === 'live' && table.size === count && resolve()))
    const following = (async () => {
      for await (const event of cluster.feed(kind, null).watch(controller.signal)) {
        table.apply(event)
        noticed?.(event)
      }
    })()
    await inTime(first, `The first list of ${count} pods`)
    const firstListMs = performance.now() - startedAt
    const bytesPerPod = (heapBytes() - before) / count
    const changes: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const names = change(lab, count, round)
      const at = performance.now()
      const seen = new Promise<void>((resolve) => {
        noticed = (event) => {
          for (const row of event.put) names.delete(row.key)
          if (names.size === 0) resolve()
        }
      })
      await inTime(seen, `A change among ${count} pods`)
      changes.push(performance.now() - at)
    }
    controller.abort()
    await following
    return { firstListMs, changeMs: median(changes), bytesPerPod, kubectlMs: await kubectlMs(lab) }
  } finally {
    desk.dispose()
    connector.dispose()
    await lab.dispose()
  }
}
async function inTime(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${limitMs} ms`)), limitMs)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const fail = (): never => {
  throw new Error('The bench has only Kubernetes.')
}

/** Touches 1 % of the pods, one at least; gives their keys. */
function change(lab: KubeLab, count: number, round: number): Set<string> {
  const { store } = lab.demo
  const keys = new Set<string>()
  const wanted = Math.max(1, Math.round(count / 100))
  for (let index = 0; index < wanted; index += 1) {
    const number = (index * 97 + round) % count
    const namespace = `space-${number % 20}`
    const pod = store.get('/pods', namespace, `pod-${number}`)!
    store.update('/pods', { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, round: String(round) } } })
    keys.add(`${namespace}/pod-${number}`)
  }
  return keys
}

async function kubectlMs(lab: KubeLab): Promise<number | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-kubectl-'))
  writeFileSync(join(folder, 'config'), lab.demo.kubeconfig, { mode: 0o600 })
  const run = (): Promise<number | undefined> =>
    new Promise((resolve) => {
      const startedAt = performance.now()
      const child = spawn('kubectl', ['get', 'pods', '-A', '-o', 'json'], {
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: join(folder, 'config'), KUBECACHEDIR: join(folder, 'cache') },
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 120_000,
      })
      child.stdout.resume()
      child.on('error', () => resolve(undefined))
      child.on('close', (code) => resolve(code === 0 ? performance.now() - startedAt : undefined))
    })
  try {
    // The first run fills kubectl's cache of kinds.
    await run()
    return await run()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function run(emit: Emit): Promise<void> {
  await measure(10)
  let smaller: { count: number; reading: Reading } | undefined
  for (const count of sizes) {
    const reading = await measure(count)
    const figure = (metric: string, value: number, unit: string, against: string | null = null): void => emit({ bench: 'kubernetes', metric: `${metric}-${count}`, value, unit, against })
    figure('first-list', reading.firstListMs, 'ms')
    figure('change-1-percent', reading.changeMs, 'ms', 'of which 200 ms are the time in which changes are gathered')
    figure('heap-per-pod', reading.bytesPerPod, 'B')
    if (reading.kubectlMs !== undefined) {
      figure('kubectl', reading.kubectlMs, 'ms', 'kubectl get pods -A -o json, the same server')
      figure('first-list-ratio', reading.firstListMs / reading.kubectlMs, 'x', 'kubectl get pods -A -o json')
    }
    if (smaller) {
      const growth = reading.firstListMs / count / (smaller.reading.firstListMs / smaller.count)
      figure('first-list-growth', growth, 'x', `time per pod at ${smaller.count} pods`)
    }
    smaller = { count, reading }
  }
}
