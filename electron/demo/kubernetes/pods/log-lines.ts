// The words in the logs: for every image of the lab a stream of lines that is a pure function of pod, run and line
// number. So a log needs no memory, can be read from anywhere, and grows with the lab's clock.
import { hashFraction } from '../../world/load.ts'

export interface LogVoice {
  /** Lab time between two lines. */
  periodMs: number
  line(index: number, seed: string, atMs: number): string
}

const pick = <T>(list: readonly T[], seed: string): T =>
  list[Math.floor(hashFraction(seed) * list.length)] as T
const between = (from: number, to: number, seed: string): number => from + (to - from) * hashFraction(seed)
const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10)
const clock = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19)

const cloudy: LogVoice = {
  periodMs: 9_000,
  line(index, seed, atMs) {
    const zone = 1 + (index % 180)
    const temperature = between(8_200, 21_000, `${seed}t${index}`).toExponential(3)
    if (index === 0)
      return ' Cloudy 23.01: grid point from the job index; hden 3, U from the table, stop column 23'
    if (zone === 1) return ` iteration ${1 + Math.floor(index / 180)} of at most 12 begins at ${clock(atMs)}`
    return ` #### ${String(zone).padStart(4)}  Te:${temperature} Hden:1.000e+03 Ne:${between(0.9e3, 1.1e3, `${seed}n${index}`).toExponential(3)} R:1.000e+18 NH:${between(20.5, 23, `${seed}h${index}`).toFixed(2)}`
  },
}

const rayWorker: LogVoice = {
  periodMs: 4_000,
  line(index, seed, atMs) {
    const batch = 1_000 + index
    const rate = between(410, 560, `${seed}r${index}`).toFixed(1)
    if (index === 0)
      return `${day(atMs)} ${clock(atMs)},118\tINFO scripts.py:1047 -- Local node IP is set; Ray runtime started.`
    return pick(
      [
        `(infer_batch pid=${300 + Math.floor(hashFraction(seed) * 400)}) batch ${batch}: 256 spectra scored at ${rate}/s`,
        `(infer_batch pid=${300 + Math.floor(hashFraction(seed) * 400)}) batch ${batch}: reconstruction error p95 ${between(0.04, 0.09, `${seed}e${index}`).toFixed(4)}`,
        `${day(atMs)} ${clock(atMs)},${String(index % 1000).padStart(3, '0')}\tINFO worker.py -- object store ${between(18, 61, `${seed}o${index}`).toFixed(1)} % full`,
      ],
      `${seed}${index}`,
    )
  },
}

const rayHead: LogVoice = {
  periodMs: 6_000,
  line: (index, seed, atMs) =>
    pick(
      [
        `${day(atMs)} ${clock(atMs)},402\tINFO autoscaler.py:470 -- The autoscaler took ${between(0.01, 0.09, `${seed}${index}`).toFixed(3)} seconds to complete the update iteration.`,
        `${day(atMs)} ${clock(atMs)},411\tINFO job_manager.py:68 -- qad-infer-0721 is running; ${1000 + index} batches done`,
        `${day(atMs)} ${clock(atMs)},417\tINFO gcs_server -- ${between(5, 8, `${seed}w${index}`).toFixed(0)} nodes alive, 0 pending demands`,
      ],
      `${seed}${index}`,
    ),
}

const jupyter: LogVoice = {
  periodMs: 35_000,
  line: (index, seed, atMs) =>
    pick(
      [
        `[I ${day(atMs)} ${clock(atMs)}.204 ServerApp] Saving file at /void-density-profile.ipynb`,
        `[I ${day(atMs)} ${clock(atMs)}.871 ServerApp] Kernel started: python3 (desi 2025.7)`,
        `[D ${day(atMs)} ${clock(atMs)}.015 ServerApp] 200 GET /api/contents/work?type=directory (${between(2, 30, `${seed}${index}`).toFixed(1)}ms)`,
        `[I ${day(atMs)} ${clock(atMs)}.447 ServerApp] query on proj-pg01: ${Math.floor(between(1e3, 9e5, `${seed}q${index}`))} rows`,
      ],
      `${seed}${index}`,
    ),
}

const ingress: LogVoice = {
  periodMs: 11_000,
  line: (index, seed, atMs) => {
    const path = pick(
      ['/api/status', '/lab/tree', '/api/kernels', '/static/main.js', '/login'],
      `${seed}p${index}`,
    )
    const status = pick([200, 200, 200, 304, 302, 404], `${seed}s${index}`)
    return `10.25.60.${Math.floor(between(3, 40, `${seed}i${index}`))} - - [${day(atMs)}T${clock(atMs)}+00:00] "GET ${path} HTTP/2.0" ${status} ${Math.floor(between(120, 24_000, `${seed}b${index}`))} "-" "Mozilla/5.0" [desi-voids-void-notebooks-8888]`
  },
}

const etlSteps = [
  'connecting to proj-pg01 (desi_void_fastspecfit) over TLS',
  'suite voids: 22 checks planned',
  'check zpix-unique-targetid: ok',
  'check zwarn-range: ok',
  'check void-radius-positive: ok',
  'check healpix-footprint: ok',
  'check galaxy-void-join-not-empty: ok',
  'reading next FITS part',
  'copied part into staging',
  'analyzing tables',
]
const etl: LogVoice = {
  periodMs: 8_000,
  line: (index, _seed, atMs) =>
    `${day(atMs)} ${clock(atMs)} INFO desi_etl: ${index < etlSteps.length ? (etlSteps[index] ?? '') : `part ${index - 9}: rows copied, checksum agrees`}`,
}

const level = (message: (index: number, seed: string) => string, periodMs: number): LogVoice => ({
  periodMs,
  line: (index, seed, atMs) => `time="${day(atMs)}T${clock(atMs)}Z" level=info msg="${message(index, seed)}"`,
})

const voices: [string, LogVoice][] = [
  ['/cloudy:', cloudy],
  ['rayproject/ray', rayWorker],
  ['jupyter-desi', jupyter],
  ['nginx-ingress', ingress],
  ['desi-etl', etl],
  [
    'cilium',
    level(
      (index, seed) =>
        `Conntrack garbage collector interval recalculated: ${Math.floor(between(30, 300, `${seed}${index}`))}s`,
      45_000,
    ),
  ],
  [
    'coredns',
    level(
      (index, seed) =>
        `${pick(['A', 'AAAA', 'SRV'], `${seed}${index}`)} IN proj-pg01.desi-voids.svc.cluster.local NOERROR`,
      7_000,
    ),
  ],
  [
    'alloy',
    level(
      (index, seed) =>
        `component=loki.write.mon01 sent ${Math.floor(between(40, 900, `${seed}${index}`))} entries to proj-mon01`,
      15_000,
    ),
  ],
  ['kuberay/operator', level((index) => `Reconciling RayCluster ray-quasars/qad, pass ${index}`, 20_000)],
]
const fallback = level((index) => `heartbeat ${index}: nothing unusual`, 30_000)

/** The voice of a container by its image; the head of a Ray cluster has its own. */
export function voiceOf(image: string, container: string): LogVoice {
  if (container === 'ray-head') return rayHead
  return voices.find(([part]) => image.includes(part))?.[1] ?? fallback
}

/** The last words of a run that did not end well. */
export function lastWords(exitCode: number, reason: string): string[] {
  if (reason === 'OOMKilled') return ['Killed']
  if (exitCode === 0) return []
  return [
    ' PROBLEM DISASTER convergence failures exceeded the limit, giving up',
    ` exit with code ${exitCode}`,
  ]
}
