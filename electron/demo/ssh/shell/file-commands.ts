// The commands that look at and change files in a demo shell.
import type { Command, CommandCall } from './machine.ts'
import { baseName, FileError, resolvePath } from './memory-files.ts'

const split = (args: string[]): { flags: string; operands: string[] } => {
  const end = args.indexOf('--')
  const options = end < 0 ? args : args.slice(0, end)
  const flags = options
    .filter((arg) => /^-[A-Za-z0-9]/.test(arg))
    .map((arg) => arg.slice(1))
    .join('')
  const operands = [...options.filter((arg) => !/^-./.test(arg)), ...(end < 0 ? [] : args.slice(end + 1))]
  return { flags, operands }
}

/** Does `work` for each operand, reporting each failure and going on. */
function forEachPath(
  call: CommandCall,
  operands: string[],
  work: (path: string, operand: string) => void,
): number {
  let code = 0
  for (const operand of operands) {
    try {
      work(resolvePath(call.session.directory, operand), operand)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      call.err(`${call.name}: ${operand}: ${error.message}\n`)
      code = 1
    }
  }
  return code
}

const printMode = (mode: number): string => {
  const letters = (mode & 0o040000 ? 'd' : '-') + 'rwxrwxrwx'
  return [...letters]
    .map((letter, index) => (index === 0 || mode & (1 << (9 - index)) ? letter : '-'))
    .join('')
}

const ls: Command = (call) => {
  const { flags, operands } = split(call.args)
  const { files, user, nowMs } = call.session.machine
  const isLong = flags.includes('l')
  const show = (path: string, name: string): string => {
    if (!isLong) return name
    const stat = files.stat(path)
    const date = new Date(stat.modifiedMs || nowMs()).toUTCString().slice(5, 22)
    return `${printMode(stat.mode)} 1 ${user} ${user} ${String(stat.sizeBytes).padStart(8)} ${date} ${name}`
  }
  const wanted = operands.length === 0 ? ['.'] : operands
  let code = 0
  for (const operand of wanted) {
    const path = resolvePath(call.session.directory, operand)
    if (!files.exists(path)) {
      call.err(`ls: cannot access '${operand}': No such file or directory\n`)
      code = 2
    } else if (!files.stat(path).isDirectory || flags.includes('d')) call.out(`${show(path, operand)}\n`)
    else {
      if (wanted.length > 1) call.out(`${operand}:\n`)
      const names = files
        .list(path)
        .filter((name) => flags.includes('a') || flags.includes('A') || !name.startsWith('.'))
      const lines = names.map((name) => show(resolvePath(path, name), name))
      const isWide = call.session.isTerminal && !isLong && !flags.includes('1')
      if (lines.length > 0) call.out(isWide ? `${lines.join('  ')}\n` : `${lines.join('\n')}\n`)
    }
  }
  return code
}

const cat: Command = async (call) => {
  const { operands } = split(call.args)
  if (operands.length === 0) {
    call.out(await call.readInput())
    return 0
  }
  return forEachPath(call, operands, (path) =>
    call.out(call.session.machine.files.read(path).toString('utf8')),
  )
}

const cd: Command = (call) => {
  const [target = call.session.environment['HOME'] ?? '/'] = call.args
  const path = resolvePath(
    call.session.directory,
    target === '-' ? (call.session.environment['OLDPWD'] ?? '/') : target,
  )
  const { files } = call.session.machine
  if (!files.exists(path)) return refuse(call, `cd: ${target}: No such file or directory`)
  if (!files.stat(path).isDirectory) return refuse(call, `cd: ${target}: Not a directory`)
  call.session.environment['OLDPWD'] = call.session.directory
  call.session.directory = path
  return 0
}

const refuse = (call: CommandCall, sentence: string): number => {
  call.err(`bash: ${sentence}\n`)
  return 1
}

const mkdir: Command = (call) => {
  const { flags, operands } = split(call.args)
  const { files } = call.session.machine
  return forEachPath(call, operands, (path) => {
    if (flags.includes('p') && files.exists(path)) return
    if (flags.includes('p')) {
      const steps = path.split('/').filter(Boolean)
      steps.forEach((_, index) => {
        const part = `/${steps.slice(0, index + 1).join('/')}`
        if (!files.exists(part)) files.makeDirectory(part)
      })
    } else files.makeDirectory(path)
  })
}

const rm: Command = (call) => {
  const { flags, operands } = split(call.args)
  const { files } = call.session.machine
  const remove = (path: string): void => {
    if (!files.stat(path).isDirectory) return files.removeFile(path)
    if (!/r/i.test(flags)) throw new FileError('EISDIR')
    for (const name of files.list(path)) remove(resolvePath(path, name))
    files.removeDirectory(path)
  }
  return forEachPath(call, operands, (path) => {
    if (flags.includes('f') && !files.exists(path)) return
    remove(path)
  })
}

const touch: Command = (call) =>
  forEachPath(call, split(call.args).operands, (path) => {
    const { files } = call.session.machine
    files.write(path, files.exists(path) ? files.read(path) : Buffer.alloc(0))
  })

const copyOrMove =
  (isMove: boolean): Command =>
  (call) => {
    const { operands } = split(call.args)
    const [from, to] = operands
    if (from === undefined || to === undefined) return refuse(call, `${call.name}: missing file operand`)
    const { files } = call.session.machine
    return forEachPath(call, [from], (path) => {
      const wanted = resolvePath(call.session.directory, to)
      const target =
        files.exists(wanted) && files.stat(wanted).isDirectory ? resolvePath(wanted, baseName(path)) : wanted
      files.write(target, files.read(path))
      if (isMove) files.removeFile(path)
    })
  }

const test: Command = ({ args, session }) => {
  const words = args.at(-1) === ']' ? args.slice(0, -1) : args
  const [first = '', second = '', third = ''] = words
  const { files } = session.machine
  const path = resolvePath(session.directory, second)
  const checks: Record<string, () => boolean> = {
    '-e': () => files.exists(path),
    '-f': () => files.exists(path) && !files.stat(path).isDirectory,
    '-d': () => files.exists(path) && files.stat(path).isDirectory,
    '-n': () => second !== '',
    '-z': () => second === '',
  }
  if (words.length === 1) return first === '' ? 1 : 0
  if (words.length === 2) return checks[first]?.() === true ? 0 : 1
  return { '=': first === third, '==': first === third, '!=': first !== third }[second] === true ? 0 : 1
}

export const fileCommands: Record<string, Command> = {
  ls,
  cat,
  cd,
  mkdir,
  rm,
  touch,
  cp: copyOrMove(false),
  mv: copyOrMove(true),
  test,
  '[': test,
  pwd: (call) => {
    call.out(`${call.session.directory}\n`)
    return 0
  },
}
