// Under which system user the demo's PostgreSQL runs and where its files lie. PostgreSQL refuses to run as root, so
// for root an unprivileged account is borrowed and everything it needs is put where it can reach it. Called by
// postgres-server.ts once per start; never creates a system user.
import { execFile } from 'node:child_process'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { AppError } from '#shared/errors.ts'
import type { PostgresBinaries } from './binaries.ts'

/** A system user to run as; undefined means the current one. */
export interface Account {
  uid: number
  gid: number
}
export interface Placement {
  account: Account | undefined
  /** Holds the clusters, their logs and their passwords. */
  home: string
  binaries: PostgresBinaries
}

const accountNames = ['postgres', 'nobody']
const placePrefix = 'meridian-demo-'
const ownerFile = 'belongs-to.json'
const owner = z.object({ dataDir: z.string() })
const run = promisify(execFile)

/** Rejects with `unsupported` when root finds no account to borrow. */
export async function choosePlacement(dataDir: string, binaries: PostgresBinaries): Promise<Placement> {
  const home = join(resolve(dataDir), 'postgres')
  await mkdir(home, { recursive: true, mode: 0o700 })
  if (process.getuid?.() !== 0) return { account: undefined, home, binaries }
  const account = await borrowAccount()
  const place = await reachableHome(resolve(dataDir), home, account)
  return { account, home: place, binaries: await reachableBinaries(binaries, place, account) }
}

async function borrowAccount(): Promise<Account> {
  const accounts = new Map<string, Account>()
  for (const line of (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name && uid && gid && Number(uid) !== 0) accounts.set(name, { uid: Number(uid), gid: Number(gid) })
  }
  for (const name of accountNames) {
    const account = accounts.get(name)
    if (account) return account
  }
  throw new AppError(
    'unsupported',
    'PostgreSQL does not run as root, and the system has no user to lend it.',
    {
      remedy: 'Start Meridian as an ordinary user, or create a user named postgres.',
      target: { system: 'demo lab' },
    },
  )
}

/** Asks the kernel rather than reading modes: access lists and mount options count too. */
async function canReach(account: Account, path: string): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { ...account, cwd: '/', timeout: 10_000 }).then(
    () => true,
    () => false,
  )
}

async function reachableHome(dataDir: string, home: string, account: Account): Promise<string> {
  await chown(home, account.uid, account.gid)
  if (await canReach(account, home)) return home
  // The lab's own directory may be opened for passing through; anything above it is not ours to change.
  const mode = (await stat(dataDir)).mode & 0o777
  await chmod(dataDir, mode | 0o011)
  if (await canReach(account, home)) return home
  await chmod(dataDir, mode)
  return borrowedPlace(dataDir, join(home, 'place.json'), account)
}

/** A private directory where every user can pass, remembered in the lab's own one. */
async function borrowedPlace(dataDir: string, record: string, account: Account): Promise<string> {
  const root = await placesRoot()
  await sweepPlaces(root, account)
  const known = await readFile(record, 'utf8').then(
    (text) => z.object({ path: z.string() }).safeParse(JSON.parse(text)).data?.path,
    () => undefined,
  )
  if (known?.startsWith(join(root, placePrefix)) && (await isPrivate(known, account))) return known
  const place = await mkdtemp(join(root, placePrefix))
  await writeFile(join(place, ownerFile), JSON.stringify({ dataDir }))
  await chown(place, account.uid, account.gid)
  await writeFile(record, JSON.stringify({ path: place }), { mode: 0o600 })
  return place
}

/** /var/tmp outlives a reboot and is not in memory; else the system's temporary directory. */
async function placesRoot(): Promise<string> {
  const isThere = await stat('/var/tmp').then(
    (found) => found.isDirectory() && (found.mode & 0o1000) !== 0,
    () => false,
  )
  return isThere ? '/var/tmp' : tmpdir()
}

async function isPrivate(path: string, account: Account): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isDirectory() && found.uid === account.uid && (found.mode & 0o077) === 0,
    () => false,
  )
}

/** Removes the places of labs whose own directory is gone: a cluster is over a gigabyte. */
async function sweepPlaces(root: string, account: Account): Promise<void> {
  for (const name of await readdir(root)) {
    const place = join(root, name)
    if (!name.startsWith(placePrefix) || !(await isPrivate(place, account))) continue
    const text = await readFile(join(place, ownerFile), 'utf8').catch(() => undefined)
    const belongsTo = text === undefined ? undefined : owner.safeParse(JSON.parse(text)).data?.dataDir
    if (belongsTo === undefined) continue
    const isGone = await stat(belongsTo).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    )
    if (isGone) await rm(place, { recursive: true, force: true })
  }
}

async function reachableBinaries(
  binaries: PostgresBinaries,
  home: string,
  account: Account,
): Promise<PostgresBinaries> {
  if (await canReach(account, join(binaries.root, 'bin'))) return binaries
  const root = join(home, `postgresql-${binaries.version}`)
  const isCopied = await stat(root).then(
    () => true,
    () => false,
  )
  if (!isCopied) {
    await cp(binaries.root, `${root}.new`, { recursive: true, verbatimSymlinks: true })
    await rename(`${root}.new`, root)
  }
  return { ...binaries, root }
}

/** Writes a file that `account` owns; with no account the current user does. */
export async function writeOwned(path: string, text: string, account: Account | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  await chmod(path, 0o600)
  if (account) await chown(path, account.uid, account.gid)
}
