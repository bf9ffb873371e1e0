// @ts-check
// Child processes that leave nothing behind. Every process of the launcher is started here; stopping one asks it,
// waits, and then ends it together with everything it had started. Used by the launcher only.
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a process may take to end by itself. */
export const graceMs = 5000
const survivorGraceMs = 1000

/**
 * Everything that descends from this launcher carries this mark in its environment. A terminal's Ctrl-C reaches the
 * whole family at once: a parent that ends first orphans its children, and no parentage leads to them any more.
 */
const markName = 'MERIDIAN_LAUNCH'
const mark = randomUUID()

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, problem?: string }} Ending */
/**
 * @typedef {object} RunningProcess
 * @property {number | undefined} pid
 * @property {Promise<Ending>} ended resolves once, never rejects
 * @property {(limitMs?: number) => Promise<Ending>} stop asks it to end, then makes it; 0 makes it at once
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} options `quiet` keeps its output for `problem`
 * @returns {RunningProcess}
 */
export function startProcess(command, args, options) {
  const stdio = options.quiet ? 'pipe' : 'inherit'
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...(options.env ?? process.env), [markName]: mark },
    // The loopback shell listens to the terminal's Enter key.
    stdio: [options.quiet ? 'ignore' : 'inherit', stdio, stdio],
    windowsHide: false,
  })
  let tail = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      tail = (tail + String(chunk)).slice(-4000)
    })
  /** @type {Promise<Ending>} */
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, signal: null, problem: error.message }))
    child.once('exit', (code, signal) => resolve({ code, signal, ...(tail ? { problem: tail } : {}) }))
  })
  const ended = exited.then(async (ending) => {
    await endFamily(new Map(marked().map((one) => [one.pid, one])))
    return ending
  })
  /** @type {Promise<Ending> | undefined} */
  let stopping
  return {
    pid: child.pid,
    ended,
    stop(limitMs = graceMs) {
      if (limitMs === 0) child.kill('SIGKILL')
      return (stopping ??= stopTree(child, exited, limitMs).then(() => ended))
    },
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {Promise<Ending>} exited
 * @param {number} limitMs
 */
async function stopTree(child, exited, limitMs) {
  const pid = child.pid
  if (pid === undefined) return
  if (process.platform === 'win32') return stopOnWindows(pid, exited, limitMs)
  // Orphans change their parent, so the family is written down before its head is asked to leave.
  const family = new Map(descendantsOf(pid).map((one) => [one.pid, one]))
  child.kill('SIGTERM')
  if (!(await endsWithin(exited, limitMs))) {
    for (const one of descendantsOf(pid)) family.set(one.pid, one)
    child.kill('SIGKILL')
  }
  await exited
  await endFamily(family)
}

/** Lets what is left end by itself for a moment, then ends it. @param {Map<number, ProcessEntry>} family */
async function endFamily(family) {
  await untilGone(family)
  for (const one of survivors(family)) kill(one.pid)
  await untilGone(family)
}

/** @param {Map<number, ProcessEntry>} family */
async function untilGone(family) {
  const until = Date.now() + survivorGraceMs
  while (survivors(family).length > 0 && Date.now() < until) await delay(25)
}

/** @param {number} pid @param {Promise<Ending>} exited @param {number} limitMs */
async function stopOnWindows(pid, exited, limitMs) {
  // A console's Ctrl-C has reached the whole family already; what still lives after the grace is ended by force.
  if (!(await endsWithin(exited, limitMs))) spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'])
  await exited
}

/** @param {Promise<unknown>} ended @param {number} limitMs */
const endsWithin = (ended, limitMs) => {
  const timer = new AbortController()
  const late = delay(limitMs, false, { signal: timer.signal }).catch(() => false)
  return Promise.race([ended.then(() => true), late]).finally(() => timer.abort())
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the look and the kill, or belongs to another user who ends it.
  }
}

/**
 * @typedef {{ pid: number, parent: number, startedAt: string }} ProcessEntry `startedAt` tells a reused pid apart
 * @param {number} pid
 * @returns {ProcessEntry[]} children, their children and so on
 */
export function descendantsOf(pid) {
  const all = listProcesses()
  /** @type {ProcessEntry[]} */
  const found = []
  const parents = new Set([pid])
  for (let grown = true; grown;) {
    grown = false
    for (const one of all)
      if (parents.has(one.parent) && !parents.has(one.pid)) {
        parents.add(one.pid)
        found.push(one)
        grown = true
      }
  }
  return found
}

/** @returns {ProcessEntry[]} what carries our mark, whoever its parent is by now; none where that cannot be read */
function marked() {
  if (process.platform === 'win32') return []
  const pids = process.platform === 'linux' ? undefined : markedByPs()
  return listProcesses().filter(({ pid }) => (pids ? pids.has(pid) : isMarkedInProc(pid)))
}

/** @param {number} pid */
function isMarkedInProc(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${markName}=${mark}`)
  } catch {
    // Another user's process, or one that has just ended.
    return false
  }
}

/** @returns {Set<number>} */
function markedByPs() {
  const { stdout } = spawnSync('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' })
  const lines = (stdout ?? '').split('\n').filter((line) => line.includes(`${markName}=${mark}`))
  return new Set(lines.map((line) => Number.parseInt(line, 10)))
}

/** @param {Map<number, ProcessEntry>} family */
const survivors = (family) => {
  if (family.size === 0) return []
  return listProcesses().filter((one) => family.get(one.pid)?.startedAt === one.startedAt)
}

/** @returns {ProcessEntry[]} all processes of this system, the dead ones that nobody has buried left out */
export function listProcesses() {
  return process.platform === 'linux' ? listFromProc() : listFromPs()
}

function listFromProc() {
  /** @type {ProcessEntry[]} */
  const found = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The second field, the name, may hold spaces and parentheses; what follows the last one is regular.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (fields[0] !== 'Z')
        found.push({ pid: Number(name), parent: Number(fields[1]), startedAt: fields[19] ?? '' })
    } catch {
      // It ended while the list was being read.
    }
  }
  return found
}

function listFromPs() {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart='], { encoding: 'utf8' })
  return (stdout ?? '')
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && !match[3]?.startsWith('Z'))
    .map((match) => ({
      pid: Number(match?.[1]),
      parent: Number(match?.[2]),
      startedAt: match?.[4]?.trim() ?? '',
    }))
}
