// The built-in shell by itself: reading lines, running them, and its file system.
import { describe, expect, it } from 'vitest'
import { parseCommandLine, SyntaxRefusal } from './command-line.ts'
import { runLine } from './interpreter.ts'
import { createSession } from './machine.ts'
import type { Machine } from './machine.ts'
import { MemoryFiles, resolvePath } from './memory-files.ts'
import { ShellTerminal } from './terminal.ts'

function machine(): Machine {
  const files = new MemoryFiles(() => 0, ['/etc'])
  files.furnish('/etc/hostname', 'box\n')
  files.furnishDirectory('/home/me')
  files.furnishDirectory('/tmp')
  return {
    hostname: 'box',
    user: 'me',
    uid: 1000,
    home: '/home/me',
    kernel: '6.8.0',
    osName: 'Ubuntu',
    cpuCount: 2,
    memoryBytes: 2 ** 30,
    bootMs: 0,
    files,
    environment: {},
    nowMs: () => 90_061_000,
    loads: () => [0.5, 0.25, 0.1],
    memoryUsedBytes: () => 2 ** 29,
  }
}

async function run(line: string, input = '', session = createSession(machine(), { isTerminal: false })) {
  const ran = { code: 0, out: '', err: '' }
  const streams = {
    readInput: () => Promise.resolve(input),
    out: (text: string) => void (ran.out += text),
    err: (text: string) => void (ran.err += text),
  }
  ran.code = await runLine(session, line, streams, new AbortController().signal)
  return ran
}

describe('lines', () => {
  it.each([
    ['echo a  b   c', 'a b c\n'],
    [`echo 'a  b' "c  d"e\\ f`, 'a  b c  de f\n'],
    ['A=1 B="2 3"; echo $A-$B', '1-2 3\n'],
    ['A=x env | grep ^A=', 'A=x\n'],
    [`echo '$USER' "$USER" \\$USER`, '$USER me $USER\n'],
    ['echo # not this', '\n'],
    ['false || echo no && echo yes', 'no\nyes\n'],
    ['true || echo no; echo end', 'end\n'],
    ['echo a; echo b\necho c', 'a\nb\nc\n'],
    ['cd /tmp && pwd && cd - && pwd', '/tmp\n/home/me\n'],
    ['echo x > f; echo y >> f; cat < f | wc -l', '2\n'],
    ['ls /nowhere 2>/dev/null; echo $?', '2\n'],
    ['ls /nowhere 2>&1 | head -n 1', "ls: cannot access '/nowhere': No such file or directory\n"],
    ['mkdir -p a/b; touch a/b/c; ls -R a 2>/dev/null; ls a/b', 'b\nc\n'],
    ['sh -c "exit 3"; echo $?', '3\n'],
    ['echo ~/x', '/home/me/x\n'],
    ['uptime -p', 'up 1 days, 1 hours, 1 minutes\n'],
    ['cat /etc/hostname - 2>/dev/null | head -1', 'box\n'],
  ])('%s', async (line, out) => {
    expect((await run(line)).out).toBe(out)
  })
  it.each(["echo 'open", 'echo "open', 'echo a |', '&& b', 'a > ', '| a'])('refuses %s', async (line) => {
    expect(() => parseCommandLine(line)).toThrow(SyntaxRefusal)
    expect((await run(line)).code).toBe(2)
  })
  it('keeps the last code and stops at exit', async () => {
    expect(await run('false; exit; echo never')).toEqual({ code: 1, out: '', err: '' })
    expect((await run('exit 300')).code).toBe(44)
  })
  it('does not fall for names of object properties or for costly patterns', async () => {
    expect((await run('constructor')).code).toBe(127)
    expect((await run('__proto__')).code).toBe(127)
    expect((await run("grep '(a+)+$'", `${'a'.repeat(40)}!\n`)).code).toBe(2)
  })
  it('refuses to write where nobody may', async () => {
    expect(await run('echo x > /etc/hostname')).toMatchObject({ code: 1, err: 'bash: Permission denied\n' })
    expect((await run('rm /etc/hostname')).err).toContain('Permission denied')
    expect((await run('rm -rf /')).code).toBe(1)
  })
})

describe('paths and files', () => {
  it('resolve', () => {
    expect(resolvePath('/a/b', '../c/./d//e')).toBe('/a/c/d/e')
    expect(resolvePath('/a', '../../..')).toBe('/')
    expect(resolvePath('/a', '/b')).toBe('/b')
  })
  it('are bounded', () => {
    const { files } = machine()
    expect(() => files.write('/tmp/big', Buffer.alloc(65 * 2 ** 20))).toThrow('No space left')
    files.write('/tmp/a', Buffer.alloc(40 * 2 ** 20))
    expect(() => files.write('/tmp/b', Buffer.alloc(40 * 2 ** 20))).toThrow('No space left')
    files.removeFile('/tmp/a')
    expect(() => files.write('/tmp/b', Buffer.alloc(40 * 2 ** 20))).not.toThrow()
  })
})

describe('the terminal', () => {
  const open = () => {
    const shown = { text: '', code: undefined as number | undefined }
    const terminal = new ShellTerminal({
      session: createSession(machine(), { isTerminal: true }),
      write: (text) => void (shown.text += text),
      onExit: (code) => (shown.code = code),
    })
    const type = (text: string): void => terminal.feed(Buffer.from(text))
    return { shown, type, terminal }
  }
  it('takes letters split over reads, and ends at Ctrl-D', () => {
    const { shown, type, terminal } = open()
    const euro = Buffer.from('€')
    terminal.feed(euro.subarray(0, 1))
    terminal.feed(euro.subarray(1))
    expect(shown.text).toBe('me@box:~$ €')
    type('\u0015\u001b')
    type('[D')
    type('\u0004')
    expect(shown.code).toBe(0)
    expect(shown.text.endsWith('exit\r\n')).toBe(true)
  })
  it('forgets the line at Ctrl-C', () => {
    const { shown, type } = open()
    type('rm -rf /\u0003')
    expect(shown.text.endsWith('^C\r\nme@box:~$ ')).toBe(true)
    expect(shown.code).toBeUndefined()
  })
})
