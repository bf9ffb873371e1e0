import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectionDraft } from '#shared/model/connection.ts'
import {
  eventually,
  makeDataDir,
  openSession,
  removeDataDir,
  startSmallLab,
  type SmallLab,
} from './testing/small-lab.ts'

let dataDir = ''
let lab: SmallLab

beforeAll(async () => {
  dataDir = await makeDataDir()
  lab = await startSmallLab(dataDir)
})
afterAll(async () => {
  await lab?.demo.dispose()
  await removeDataDir(dataDir)
})

const pg01 = () => lab.server('proj-pg01')
const asResearcher = (more = {}): Promise<Client> => openSession(pg01(), 'meridian_ro', 'desi_dr1', more)
/** A process that ended but that nobody has collected yet (state Z) counts as gone. */
const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0)
    return (
      process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'))
    )
  } catch {
    return false
  }
}

/** Row count and a hash over every column of the first rows: the same tables give the same text. */
async function fingerprint(): Promise<unknown> {
  const client = await asResearcher({ direct: true })
  const tables = ['zpix', 'photometry', 'fastspecfit', 'qso_cat', 'qso_spectra', 'galaxy_void']
  const sums: unknown[] = []
  for (const table of tables) {
    const { rows } = await client.query(
      `SELECT count(*)::int AS n, md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS sum FROM ${table} t`,
    )
    sums.push(rows[0])
  }
  await client.end()
  return sums
}

describe('a started lab', () => {
  test('offers one valid draft per server, each with its own database and user', () => {
    const drafts = lab.demo.drafts.map((draft) => connectionDraft.parse(draft))
    expect(drafts.map((draft) => draft.label)).toEqual(['proj-pg01', 'proj-pg02'])
    const places = drafts.map(
      ({ settings }) => settings.kind === 'postgres' && `${settings.database}/${settings.user}`,
    )
    expect(places).toEqual(['desi_dr1/desi_dev', 'lab_metadata/meridian_ro'])
  })

  test('lets every draft in over verified TLS and nobody with another password', async () => {
    for (const { settings, secrets } of lab.demo.drafts) {
      if (settings.kind !== 'postgres') throw new Error('Not a PostgreSQL draft')
      const server = lab.demo.servers.find((candidate) => candidate.port === settings.port)
      if (!server) throw new Error('No such server')
      const ssl = { ca: lab.caPem, servername: 'localhost' }
      const client = await openSession(server, settings.user, settings.database, {
        password: secrets.password,
        ssl,
      })
      const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
      expect(rows[0]).toEqual({ ssl: true })
      await client.end()
      const wrong = openSession(server, settings.user, settings.database, { password: 'guess' })
      await expect(wrong).rejects.toMatchObject({ code: '28P01' })
    }
  })

  test('shows progress that only goes forward and ends at 1', () => {
    const fractions = lab.steps.map(({ fraction }) => fraction)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
    expect(lab.steps.some(({ step }) => step.includes('redshifts'))).toBe(true)
  })

  test('has the site settings, cut to a laptop, and its databases and roles', async () => {
    const client = await openSession(pg01(), 'desi_dev', 'desi_dr1')
    const setting = async (name: string): Promise<unknown> =>
      (await client.query(`SHOW ${name}`)).rows[0][name]
    expect(await setting('cluster_name')).toBe('proj-pg01')
    expect(await setting('max_connections')).toBe('200')
    expect(await setting('shared_buffers')).toBe('256MB')
    expect(await setting('fsync')).toBe('on')
    expect(await setting('checkpoint_timeout')).toBe('15min')
    expect(await setting('server_version')).toMatch(/^16\./)
    const databases = await client.query(
      "SELECT datname FROM pg_database WHERE datname LIKE '%desi%' ORDER BY 1",
    )
    expect(databases.rows.map((row: { datname: string }) => row.datname)).toEqual([
      'desi_dr1',
      'desi_void_desivast',
      'desi_void_fastspecfit',
      'template_desi',
    ])
    await client.end()
    const services = await openSession(lab.server('proj-pg02'), 'meridian_ro', 'gitea')
    expect((await services.query('SELECT count(*)::int AS n FROM repository')).rows).toEqual([{ n: 40 }])
    await services.end()
  })

  test('keeps the researcher from writing and lets the developer write in scratch only', async () => {
    const researcher = await asResearcher()
    for (const statement of [
      "UPDATE zpix SET z = 0 WHERE survey = 'cmx'",
      'DELETE FROM ard.qso_ard',
      'CREATE TABLE iron.mine (a int)',
      'CREATE TABLE scratch.mine (a int)',
      'CREATE TABLE public.mine (a int)',
    ]) {
      await expect(researcher.query(statement)).rejects.toMatchObject({ code: '42501' })
    }
    await researcher.end()
    const developer = await openSession(pg01(), 'desi_dev', 'desi_dr1')
    await expect(developer.query('TRUNCATE zpix')).rejects.toMatchObject({ code: '42501' })
    await developer.query(
      'CREATE TABLE scratch.sample AS SELECT targetid FROM zpix LIMIT 5; DROP TABLE scratch.sample',
    )
    await developer.end()
  })
})

describe('faults', () => {
  const during = async (
    fault: Parameters<SmallLab['faults']['set']>[1],
    work: () => Promise<void>,
  ): Promise<void> => {
    lab.faults.set('postgres', fault)
    try {
      await work()
    } finally {
      lab.faults.set('postgres', undefined)
    }
  }

  test.each([
    ['unauthorized', '28P01'],
    ['server-error', '57P03'],
  ] as const)('%s is told in the words of PostgreSQL, with TLS and without', async (fault, code) => {
    await during(fault, async () => {
      await expect(asResearcher()).rejects.toMatchObject({ code, severity: 'FATAL' })
      await expect(asResearcher({ ssl: { ca: lab.caPem, servername: 'localhost' } })).rejects.toMatchObject({
        code,
      })
    })
    await (await asResearcher()).end()
  })

  test('cut destroys open sessions and new ones', async () => {
    const open = await asResearcher()
    const sleeping = open.query('SELECT pg_sleep(30)')
    await during('cut', async () => {
      await expect(sleeping).rejects.toThrow(/terminated|ECONNRESET|ended/)
      await expect(asResearcher()).rejects.toThrow(/ECONNRESET|terminated/)
    })
    await (await asResearcher()).end()
  })

  test('garbage is no answer to anything', async () => {
    const open = await asResearcher()
    const failed = once(open, 'error')
    await during('garbage', async () => {
      await failed
      const socket = connectTcp(pg01().port, '127.0.0.1')
      const hello = Buffer.concat([Buffer.from([0, 0, 0, 16, 0, 3, 0, 0]), Buffer.from('user\0a\0\0')])
      hello.writeInt32BE(hello.length, 0)
      socket.write(hello)
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      expect(bytes.length).toBeGreaterThan(100)
      expect(['R', 'E', 'N', 'S']).not.toContain(String.fromCharCode(bytes[0] ?? 0))
      socket.destroy()
    })
  })

  test('slow delays every answer and is over when it is lifted', async () => {
    const client = await asResearcher()
    const timed = async (): Promise<number> => {
      const startedMs = performance.now()
      await client.query("SELECT repeat('x', 40000)")
      return performance.now() - startedMs
    }
    expect(await timed()).toBeLessThan(500)
    await during('slow', async () => expect(await timed()).toBeGreaterThan(1500))
    await eventually(async () => (await timed()) < 500)
    await client.end()
  })

  test('expired-certificate swaps the certificate of the server itself, and back', async () => {
    await during('expired-certificate', () =>
      eventually(async () => new Date((await peerCertificate()).valid_to) < new Date()),
    )
    await eventually(async () => new Date((await peerCertificate()).valid_to) > new Date())
    await (await asResearcher({ ssl: { ca: lab.caPem, servername: 'localhost' } })).end()
  })

  async function peerCertificate(): Promise<PeerCertificate> {
    const socket = connectTcp(pg01().port, '127.0.0.1')
    socket.write(Buffer.from('0000000804d2162f', 'hex'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toBe('S')
    const secure = connectTls({ socket, rejectUnauthorized: false })
    await once(secure, 'secureConnect')
    const certificate = secure.getPeerCertificate()
    secure.destroy()
    return certificate
  }
})

describe('life of the servers', () => {
  test('a second lab on the same directory is refused while the first runs on', async () => {
    await expect(startSmallLab(dataDir)).rejects.toMatchObject({ code: 'conflict' })
    await (await asResearcher()).end()
  })

  test('a restart finds everything unchanged', async () => {
    const before = await fingerprint()
    const passwords = pg01().passwords
    await lab.demo.dispose()
    const startedMs = performance.now()
    lab = await startSmallLab(dataDir)
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(lab.demo.servers.map((server) => server.isFromCache)).toEqual([true, true])
    expect(pg01().passwords).toEqual(passwords)
    expect(await fingerprint()).toEqual(before)
  })

  test('no server outlives a killed lab, and the next one starts where it stopped', async () => {
    await lab.demo.dispose()
    const script = new URL('./testing/lab-process.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const processIds = JSON.parse(line) as number[]
    expect(processIds.map(isAlive)).toEqual([true, true])
    child.kill('SIGKILL')
    lab = await startSmallLab(dataDir)
    expect(processIds.filter(isAlive)).toEqual([])
    expect(lab.demo.servers.map((server) => server.isFromCache)).toEqual([true, true])
  })

  test('a server that was killed itself recovers at the next start', async () => {
    process.kill(pg01().processId, 'SIGKILL')
    await eventually(() => !isAlive(pg01().processId))
    await lab.demo.dispose()
    lab = await startSmallLab(dataDir)
    expect(pg01().isFromCache).toBe(true)
    const client = await asResearcher()
    expect((await client.query('SELECT count(*)::int AS n FROM zpix')).rows).toEqual([{ n: 20_000 }])
    await client.end()
  })

  test(
    'a cancelled build leaves no server, and what it left is not taken for finished',
    { timeout: 60_000 },
    async () => {
      const other = await makeDataDir()
      const abort = new AbortController()
      const onStep = (step: string): void => {
        if (step.includes('redshifts')) abort.abort()
      }
      const start = startSmallLab(other, { signal: abort.signal, zpixRows: 100_000, onStep })
      await expect(start).rejects.toMatchObject({ code: 'cancelled' })
      const again = await startSmallLab(other, { zpixRows: 2_000 })
      expect(again.demo.servers[0]?.isFromCache).toBe(false)
      await again.demo.dispose()
      await removeDataDir(other)
    },
  )
})
