// The commands that show and end processes on a demo machine: the few of the system, and what its GPU runs.
import type { Command, CommandCall, Machine } from './machine.ts'

interface ProcessRow {
  pid: number
  user: string
  seconds: number
  args: string
}

function processesOf(machine: Machine): ProcessRow[] {
  const upSeconds = Math.max(0, Math.floor((machine.nowMs() - machine.bootMs) / 1000))
  return [
    { pid: 1, user: 'root', seconds: upSeconds, args: '/sbin/init' },
    { pid: 712, user: 'root', seconds: upSeconds - 4, args: '/usr/sbin/sshd -D' },
    ...(machine.gpu?.read().processes ?? []).map(({ pid, user, name }) => ({ pid, user, seconds: 9_677, args: name })),
  ]
}

const fields: Record<string, (row: ProcessRow) => string> = {
  pid: (row) => String(row.pid),
  user: (row) => row.user,
  etimes: (row) => String(row.seconds),
  args: (row) => row.args,
  cmd: (row) => row.args,
  comm: (row) => row.args.split(' ')[0]?.split('/').at(-1) ?? '',
}

/** The value behind `-p 1,2` or `-o pid=,args=`, also joined to other letters as in `-eo`. */
const valueOf = (args: string[], letter: string): string | undefined => {
  const at = args.findIndex((arg) => /^-[a-z]+$/i.test(arg) && arg.endsWith(letter))
  return at < 0 ? undefined : args[at + 1]
}

export const ps: Command = (call) => {
  const wanted = valueOf(call.args, 'p')
  const pids = wanted?.split(',').map(Number)
  const rows = processesOf(call.session.machine).filter((row) => pids === undefined || pids.includes(row.pid))
  const columns = valueOf(call.args, 'o')
  if (columns === undefined) {
    call.out('    PID TTY          TIME CMD\n')
    for (const row of rows) call.out(`${String(row.pid).padStart(7)} ?        00:00:09 ${row.args}\n`)
    return 0
  }
  const names = columns.split(',').map((column) => column.replace(/[:=].*$/, ''))
  const unknown = names.find((name) => fields[name] === undefined)
  if (unknown !== undefined) {
    call.err(`error: unknown user-defined format specifier "${unknown}"\n`)
    return 1
  }
  if (!columns.includes('=')) call.out(`${names.map((name) => name.toUpperCase()).join(' ')}\n`)
  for (const row of rows) call.out(`${names.map((name) => fields[name]!(row)).join(' ')}\n`)
  return rows.length === 0 && pids !== undefined ? 1 : 0
}

export const kill: Command = (call) => {
  const operands = call.args.filter((arg) => !arg.startsWith('-') && !/^[A-Z]+$/.test(arg))
  if (operands.length === 0) {
    call.err('kill: usage: kill [-s sigspec | -n signum | -sigspec] pid ...\n')
    return 2
  }
  return Math.max(...operands.map((operand) => endProcess(call, Number(operand))))
}

function endProcess(call: CommandCall, pid: number): number {
  const { gpu, user } = call.session.machine
  const outcome = gpu?.end(pid, user) ?? 'missing'
  if (outcome === 'done') return 0
  const isSystem = processesOf(call.session.machine).some((row) => row.pid === pid)
  call.err(
    outcome === 'refused' || isSystem
      ? `bash: kill: (${pid}) - Operation not permitted\n`
      : `bash: kill: (${pid}) - No such process\n`,
  )
  return 1
}
