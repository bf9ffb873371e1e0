// @ts-check
// `npm start`: from a fresh clone to a running Meridian. Installs and builds what is missing, opens the desktop
// shell where Electron can be had and the browser's shell otherwise, and takes everything it started with it when
// it ends. Plain JavaScript: it must run on any Node from 20 on, with no dependency installed.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArguments, shellArguments, usage, UsageProblem } from './arguments.mjs'
import { fetchElectron, findElectron, windowObstacle } from './electron-binary.mjs'
import { ensureBuilt, ensureInstalled, PreparationProblem, runtimeNode } from './prepare.mjs'
import { startProcess } from './process-tree.mjs'

/** An Electron that ends badly so soon never showed its window: missing libraries, or a sandbox it may not use. */
const earlyEndMs = 10_000

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const say = (/** @type {string} */ line) => console.log(`Meridian: ${line}`)

/** @type {import('./process-tree.mjs').RunningProcess | undefined} */
let running
let isStopping = false
/** npm passes a terminal's Ctrl-C on although it has reached us already: only a later one is a second one. */
const secondSignalAfterMs = 1000

/** Starts a process that a signal to us will end. @type {(...args: Parameters<typeof startProcess>) => Promise<import('./process-tree.mjs').Ending>} */
async function run(...args) {
  if (isStopping) return { code: null, signal: 'SIGTERM' }
  running = startProcess(...args)
  return running.ended
}

function stopOnSignals() {
  let firstAt = 0
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => {
      const isSecond = isStopping && Date.now() - firstAt > secondSignalAfterMs
      if (!isStopping) firstAt = Date.now()
      isStopping = true
      void (running ? running.stop(isSecond ? 0 : undefined) : Promise.resolve()).then(() => process.exit(0))
    })
}

/** @param {string} command @param {readonly string[]} args @param {number} limitMs */
async function runQuietly(command, args, limitMs) {
  let isLate = false
  const ending = run(command, args, { cwd: root, quiet: true })
  const child = running
  const timer = setTimeout(() => {
    isLate = true
    void child?.stop()
  }, limitMs)
  const { code, problem } = await ending
  clearTimeout(timer)
  return { code, isLate, output: problem ?? '' }
}

/**
 * @param {import('./arguments.mjs').LaunchRequest} request
 * @param {string} node
 * @returns {Promise<{ program: string } | { reason: string }>}
 */
async function chooseDesktop(request, node) {
  const machine = { platform: process.platform, env: process.env, userId: process.getuid?.() }
  const obstacle = windowObstacle(machine)
  if (obstacle) return { reason: obstacle }
  const present = findElectron(root)
  if (present) return { program: present }
  const isWanted = request.shell === 'desktop'
  const problem = await fetchElectron({ root, node, isWanted, run: runQuietly, say })
  const fetched = findElectron(root)
  return fetched
    ? { program: fetched }
    : { reason: problem ?? 'Electron could not be found after its download' }
}

/** @param {import('./arguments.mjs').LaunchRequest} request @param {string} program @returns {Promise<{ code: number } | { reason: string }>} */
async function runDesktop(request, program) {
  const env = { ...process.env }
  // Set, this variable would turn Electron into a plain Node.
  delete env['ELECTRON_RUN_AS_NODE']
  say('Opening the desktop application …')
  const startedAt = Date.now()
  const { code, signal, problem } = await run(program, [root, ...shellArguments(request, 'desktop')], {
    cwd: root,
    env,
  })
  if (isStopping || code === 0) return { code: 0 }
  if (Date.now() - startedAt > earlyEndMs) return { code: code ?? 1 }
  return {
    reason: `Electron could not start here (${problem ?? (signal ? `signal ${signal}` : `code ${code}`)})`,
  }
}

/** @param {import('./arguments.mjs').LaunchRequest} request @param {string} node */
async function runLoopback(request, node) {
  const script = join(root, 'out', 'main', 'loopback.js')
  const { code } = await run(node, [script, ...shellArguments(request, 'loopback')], { cwd: root })
  return isStopping ? 0 : (code ?? 1)
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const request = parseArguments(process.argv.slice(2), process.env['INIT_CWD'] ?? process.cwd())
  if (request.wantsHelp) {
    console.log(usage)
    return 0
  }
  stopOnSignals()
  const preparation = { root, run, say }
  await ensureInstalled(preparation)
  await ensureBuilt(preparation)
  const node = runtimeNode(root)
  if (request.shell !== 'loopback') {
    const desktop = await chooseDesktop(request, node)
    const outcome = 'program' in desktop ? await runDesktop(request, desktop.program) : desktop
    if ('code' in outcome || isStopping) return 'code' in outcome ? outcome.code : 0
    if (request.shell === 'desktop')
      throw new PreparationProblem(
        `The desktop application cannot be opened: ${outcome.reason}. Leave --shell away to use the browser.`,
      )
    say(`Using your browser instead of the desktop application: ${outcome.reason}.`)
  }
  return runLoopback(request, node)
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(
    `Meridian needs Node 20 or later to start; this is ${process.versions.node}. See https://nodejs.org/.`,
  )
  process.exit(2)
}

main().then(
  (code) => {
    // While stopping, the signal's own path ends us once nothing is left behind.
    if (!isStopping) process.exit(code)
  },
  (error) => {
    if (isStopping) return
    const isKnown = error instanceof UsageProblem || error instanceof PreparationProblem
    console.error(isKnown ? `Meridian: ${error.message}` : error)
    process.exit(error instanceof UsageProblem ? 2 : 1)
  },
)
