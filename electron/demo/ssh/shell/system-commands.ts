// The commands that tell about the machine and steer the shell itself.
import { setTimeout as delay } from 'node:timers/promises'
import { gpuBurn, nvidiaSmi } from './gpu.ts'
import type { Command, CommandCall, Machine } from './machine.ts'
import { resolvePath } from './memory-files.ts'
import { kill, ps } from './process-commands.ts'

const say =
  (text: (call: CommandCall) => string): Command =>
  (call) => {
    call.out(`${text(call)}\n`)
    return 0
  }

const uname: Command = (call) => {
  const { hostname, kernel } = call.session.machine
  const parts: Record<string, string> = {
    s: 'Linux',
    n: hostname,
    r: kernel,
    v: '#66-Ubuntu SMP PREEMPT_DYNAMIC Fri Jun 13 20:25:30 UTC 2025',
    m: 'x86_64',
    o: 'GNU/Linux',
  }
  const flags = call.args.join('').replace(/-/g, '') || 's'
  const wanted = flags.includes('a')
    ? ['s', 'n', 'r', 'v', 'm', 'o']
    : Object.keys(parts).filter((key) => flags.includes(key))
  call.out(`${wanted.map((key) => parts[key]).join(' ')}\n`)
  return 0
}

const two = (value: number): string => String(value).padStart(2, '0')

function uptimeText(machine: Machine, isPretty: boolean): string {
  const seconds = Math.max(0, Math.floor((machine.nowMs() - machine.bootMs) / 1000))
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (isPretty) return `up ${days} days, ${hours} hours, ${minutes} minutes`
  const now = new Date(machine.nowMs()).toISOString().slice(11, 19)
  const loads = machine
    .loads()
    .map((load) => load.toFixed(2))
    .join(', ')
  return ` ${now} up ${days} days, ${two(hours)}:${two(minutes)},  1 user,  load average: ${loads}`
}

const free: Command = (call) => {
  const { machine } = call.session
  const flags = call.args.join('')
  const unit = flags.includes('b')
    ? 1
    : flags.includes('m')
      ? 2 ** 20
      : flags.includes('g')
        ? 2 ** 30
        : 2 ** 10
  const show = (bytes: number): string => String(Math.round(bytes / unit)).padStart(14)
  const used = machine.memoryUsedBytes()
  const rest = machine.memoryBytes - used
  call.out(
    `${' '.repeat(7)}${['total', 'used', 'free', 'shared', 'buff/cache', 'available'].map((one) => one.padStart(14)).join('')}\n`,
  )
  call.out(
    `Mem:   ${[machine.memoryBytes, used, rest * 0.4, 2 ** 22, rest * 0.6, rest * 0.95].map(show).join('')}\n`,
  )
  call.out(`Swap:  ${[0, 0, 0].map(show).join('')}\n`)
  return 0
}

const df: Command = (call) => {
  const rows = [
    ['/dev/mapper/vg0-root', 31_360_000, 12_410_000, '/'],
    ['/dev/sdb1', 1_921_000_000, 842_300_000, '/mnt/data'],
  ] as const
  call.out('Filesystem           1K-blocks      Used Available Use% Mounted on\n')
  for (const [device, total, used, mount] of rows) {
    const percent = `${Math.round((100 * used) / total)}%`
    call.out(
      `${device.padEnd(20)} ${String(total).padStart(9)} ${String(used).padStart(9)} ${String(total - used).padStart(9)} ${percent.padStart(4)} ${mount}\n`,
    )
  }
  return 0
}

const env: Command = (call) => {
  const all = { ...call.session.environment, PWD: call.session.directory }
  for (const [name, value] of Object.entries(all)) call.out(`${name}=${value}\n`)
  return 0
}

const exportCommand: Command = (call) => {
  for (const word of call.args) {
    const [name = '', value] = word.split(/=(.*)/s)
    if (value !== undefined) call.session.environment[name] = value
  }
  return 0
}

const sleep: Command = async (call) => {
  const seconds = Number((call.args[0] ?? '').replace(/s$/, ''))
  if (!(seconds >= 0)) {
    call.err(`sleep: invalid time interval '${call.args[0] ?? ''}'\n`)
    return 1
  }
  await delay(Math.min(seconds, 86_400) * 1000, undefined, { signal: call.signal })
  return 0
}

const exit: Command = (call) => {
  const [code] = call.args
  call.session.exitCode = code === undefined ? call.session.lastCode : Number(code) & 255
  return call.session.exitCode
}

/** `sh -c "…"`, `sh file`, and a script on standard input. */
const shell: Command = async (call) => {
  const { session } = call
  const at = call.args.findIndex((arg) => /^-[a-z]*c$/.test(arg))
  const file = call.args.find((arg) => !arg.startsWith('-'))
  const script =
    at >= 0
      ? (call.args[at + 1] ?? '')
      : file !== undefined
        ? session.machine.files.read(resolvePath(session.directory, file)).toString('utf8')
        : await call.readInput()
  const code = await call.run(script)
  // Leaving the inner shell does not leave the outer one.
  const inner = session.exitCode
  session.exitCode = undefined
  return inner ?? code
}

const dateCommand: Command = (call) => {
  const now = new Date(call.session.machine.nowMs())
  const format = call.args.find((arg) => arg.startsWith('+'))
  if (format === '+%s') call.out(`${Math.floor(now.getTime() / 1000)}\n`)
  else if (format === '+%s%N') call.out(`${Math.floor(now.getTime())}000000\n`)
  else if (format !== undefined || call.args.some((arg) => arg.startsWith('-I') || arg === '-u'))
    call.out(`${now.toISOString().replace(/\.\d+Z/, 'Z')}\n`)
  else call.out(`${now.toUTCString().replace(',', '').replace('GMT', 'UTC')}\n`)
  return 0
}

const sshd: Command = (call) => {
  if (!call.args.includes('-T')) {
    call.err('sshd: already running\n')
    return 255
  }
  call.out(call.session.machine.sshdSettings ?? '')
  return 0
}

const which: Command = (call) => {
  const known = [
    'bash',
    'cat',
    'ls',
    'sh',
    ...(call.session.machine.scripts?.canRun ? ['python3'] : []),
    ...(call.session.machine.gpu === undefined ? [] : ['nvidia-smi']),
  ]
  const found = call.args.filter((name) => known.includes(name))
  for (const name of found) call.out(`/usr/bin/${name}\n`)
  return found.length === call.args.length ? 0 : 1
}

const id: Command = (call) => {
  const { user, uid } = call.session.machine
  if (call.args.includes('-u')) call.out(`${call.args.includes('-un') ? user : uid}\n`)
  else call.out(`uid=${uid}(${user}) gid=${uid}(${user}) groups=${uid}(${user})\n`)
  return 0
}

/** `python3 [-u] script.py …`: runs as a process of this computer, on the machine's own files. */
const python: Command = async ({ session, args, out, err, signal }) => {
  const { scripts } = session.machine
  const options = args.slice(0, args.findIndex((arg) => !arg.startsWith('-')) < 0 ? args.length : args.findIndex((arg) => !arg.startsWith('-')))
  if (options.includes('--version') || options.includes('-V')) {
    out('Python 3.12.3\n')
    return 0
  }
  const [script, ...rest] = args.slice(options.length)
  if (scripts === undefined || script === undefined) {
    err('python3: an interactive interpreter is not offered here\n')
    return 2
  }
  return scripts.run(resolvePath(session.directory, script), rest, session.environment, out, signal)
}

const commandV: Command = (call) => (call.args[0] === '-v' ? call.run(`which ${call.args[1] ?? ''}`) : 127)

export const systemCommands: Record<string, Command> = {
  python3: python,
  command: commandV,
  uname,
  free,
  df,
  env,
  printenv: (call) => {
    const [name] = call.args
    if (name === undefined) return env(call)
    const value = call.session.environment[name]
    if (value !== undefined) call.out(`${value}\n`)
    return value === undefined ? 1 : 0
  },
  export: exportCommand,
  sleep,
  exit,
  logout: exit,
  sh: shell,
  bash: shell,
  date: dateCommand,
  sshd,
  which,
  ps,
  kill,
  id,
  'nvidia-smi': nvidiaSmi,
  'gpu-burn': gpuBurn,
  hostname: say((call) => call.session.machine.hostname),
  whoami: say((call) => call.session.machine.user),
  nproc: say((call) => String(call.session.machine.cpuCount)),
  tty: say((call) => (call.session.isTerminal ? '/dev/pts/0' : 'not a tty')),
  stty: (call) => {
    if (call.args.includes('size')) call.out(`${call.session.rows} ${call.session.columns}\n`)
    return 0
  },
  uptime: say((call) => uptimeText(call.session.machine, call.args.includes('-p'))),
  clear: (call) => {
    call.out('\u001b[H\u001b[2J')
    return 0
  },
  sudo: (call) =>
    call.run(
      call.args
        .filter((arg, index) => !(index === 0 && arg === '-n'))
        .map(quote)
        .join(' '),
    ),
  true: () => 0,
  false: () => 1,
  ':': () => 0,
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
