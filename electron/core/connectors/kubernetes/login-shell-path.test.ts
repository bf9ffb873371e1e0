// The login shell's PATH: greetings, hanging profiles, and shells that are none.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askLoginShell, findProgram } from './login-shell-path.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-shell-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A stand-in for the user's shell: gets `-ilc script` as a real one does. */
async function shell(body: string): Promise<string> {
  const path = join(folder, 'shell')
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
  return path
}

describe.skipIf(process.platform === 'win32')('askLoginShell (needs a POSIX shell)', () => {
  it('takes the PATH from between greetings, and adds its own', async () => {
    const path = await shell('echo "Welcome back!"; PATH=/opt/plugins/bin:/usr/bin; eval "$2"; echo bye')
    const found = await askLoginShell({ env: { SHELL: path, PATH: '/usr/bin:/own' } })
    expect(found).toBe('/opt/plugins/bin:/usr/bin:/own')
  })

  it.each([
    ['fails', 'exit 3'],
    ['says nothing of use', 'echo PATH=/evil'],
    ['is killed', 'kill -9 $$'],
  ])('falls back when the shell %s', async (_what, body) => {
    expect(await askLoginShell({ env: { SHELL: await shell(body), PATH: '/own' } })).toBe('/own')
  })

  it('does not wait for a profile that hangs, or reads its terminal', async () => {
    const hanging = await shell('sleep 30 & sleep 30')
    const startedAt = performance.now()
    expect(await askLoginShell({ env: { SHELL: hanging, PATH: '/own' }, timeoutMs: 200 })).toBe('/own')
    const asking = await shell('read answer; eval "$2"')
    expect(
      await askLoginShell({ env: { SHELL: asking, PATH: '/own:/bin:/usr/bin' }, timeoutMs: 2000 }),
    ).toContain('/own')
    expect(performance.now() - startedAt).toBeLessThan(4000)
  })

  it('ignores a shell that is missing or not a path', async () => {
    expect(await askLoginShell({ env: { SHELL: '/no/such/shell', PATH: '/own' } })).toBe('/own')
    expect(await askLoginShell({ env: { SHELL: 'sh', PATH: '/own' } })).toBe('/own')
    expect(await askLoginShell({ env: { PATH: '/own' } })).toBe('/own')
  })

  it('uses the process’s own PATH on Windows', async () => {
    expect(
      await askLoginShell({
        platform: 'win32',
        env: { Path: 'C:\\Windows', SHELL: await shell('eval "$2"') },
      }),
    ).toBe('C:\\Windows')
  })
})

describe.skipIf(process.platform === 'win32')('findProgram (needs POSIX file modes)', () => {
  it('finds programs by name, in order, and skips what cannot be run', async () => {
    const [first, second] = [join(folder, 'a'), join(folder, 'b')]
    await mkdir(first)
    await mkdir(second)
    await writeFile(join(first, 'plugin'), '', { mode: 0o644 })
    await writeFile(join(second, 'plugin'), '', { mode: 0o755 })
    await mkdir(join(first, 'folder'))
    expect(await findProgram('plugin', `${first}:${second}`)).toBe(join(second, 'plugin'))
    expect(await findProgram('folder', first)).toBeUndefined()
    expect(await findProgram(join(second, 'plugin'), '')).toBe(join(second, 'plugin'))
  })

  it('never looks in the current folder', async () => {
    expect(await findProgram('package.json', ':.')).toBeUndefined()
    expect(await findProgram('./plugin', folder)).toBeUndefined()
  })
})
