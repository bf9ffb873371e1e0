import { existsSync, readFileSync } from 'node:fs'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  makeDataDir,
  openSession,
  removeDataDir,
  smallRows,
  startSmallLab,
  type SmallLab,
} from '../testing/small-lab.ts'
import { desiPlan } from './desi-plan.ts'

const shared = new URL('../../../../../shared/desi/', import.meta.url)
const schemaFile = new URL('schema.json', shared)
const queriesFile = new URL('queries.md', shared)

let dataDir = ''
let lab: SmallLab
let client: Client

beforeAll(async () => {
  dataDir = await makeDataDir()
  lab = await startSmallLab(dataDir)
  client = await openSession(lab.server('proj-pg01'), 'meridian_ro', 'desi_dr1', { direct: true })
})
afterAll(async () => {
  await client?.end()
  await lab?.demo.dispose()
  await removeDataDir(dataDir)
})

type Row = Record<string, unknown>
async function rowsOf(sql: string): Promise<Row[]> {
  return (await client.query<Row>(sql)).rows
}
async function numberOf(sql: string): Promise<number> {
  return Number(Object.values((await rowsOf(sql))[0] ?? {})[0])
}

/** Nested HEALPix pixel of a position, nside 64, written from the paper's section 4 and not from the generator. */
function healpixOf(ra: number, dec: number): number {
  const nside = 64
  const z = Math.sin((dec * Math.PI) / 180)
  const quadrant = (((ra / 90) % 4) + 4) % 4
  let face: number, x: number, y: number
  if (Math.abs(z) <= 2 / 3) {
    const up = nside * (0.5 + quadrant) - nside * z * 0.75
    const down = nside * (0.5 + quadrant) + nside * z * 0.75
    const [upFace, downFace] = [Math.floor(up / nside), Math.floor(down / nside)]
    face = upFace === downFace ? (upFace % 4) + 4 : upFace < downFace ? upFace % 4 : (downFace % 4) + 8
    x = Math.floor(down) % nside
    y = nside - (Math.floor(up) % nside) - 1
  } else {
    const corner = Math.min(3, Math.floor(quadrant))
    const root = nside * Math.sqrt(3 * (1 - Math.abs(z)))
    const first = Math.min(nside - 1, Math.floor((quadrant - corner) * root))
    const second = Math.min(nside - 1, Math.floor((1 - (quadrant - corner)) * root))
    face = z > 0 ? corner : corner + 8
    x = z > 0 ? nside - second - 1 : first
    y = z > 0 ? nside - first - 1 : second
  }
  let pixel = 0
  for (let bit = 0; bit < 6; bit++)
    pixel |= (((x >> bit) & 1) << (2 * bit)) | (((y >> bit) & 1) << (2 * bit + 1))
  return face * nside * nside + pixel
}

describe('the survey', () => {
  test('has the row counts asked for and one photometry row per target', async () => {
    expect(await numberOf('SELECT count(*) FROM zpix')).toBe(smallRows)
    expect(await numberOf('SELECT count(DISTINCT targetid) FROM zpix')).toBe(
      await numberOf('SELECT count(*) FROM photometry'),
    )
    expect(
      await numberOf('SELECT count(*) FROM zpix LEFT JOIN photometry USING (targetid) WHERE ra IS NULL'),
    ).toBe(0)
  })

  test('keeps the class mix of the main survey among good redshifts', async () => {
    const rows = await rowsOf(`SELECT spectype, count(*)::float8 / sum(count(*)) OVER () AS share FROM zpix
      WHERE survey = 'main' AND zwarn = 0 AND zcat_primary GROUP BY 1 ORDER BY 1`)
    const share = Object.fromEntries(rows.map((row) => [row['spectype'], row['share']])) as Record<
      string,
      number
    >
    expect(share['GALAXY']).toBeCloseTo(0.701, 1.7)
    expect(share['QSO']).toBeCloseTo(0.086, 1.7)
    expect(share['STAR']).toBeCloseTo(0.214, 1.7)
  })

  test.each([
    ['bright galaxies', 'desi_target & (1::bigint << 60) <> 0', 'GALAXY', 0.01, 0.61, 0.15, 0.3],
    ['luminous red galaxies', 'desi_target & 1 <> 0', 'GALAXY', 0.39, 1.11, 0.65, 0.85],
    ['emission-line galaxies', 'desi_target & 2 <> 0', 'GALAXY', 0.59, 1.64, 1, 1.3],
    ['quasars', 'desi_target & 4 <> 0', 'QSO', 0.3, 6.4, 1.4, 2],
    ['stars', 'desi_target & (1::bigint << 61) <> 0', 'STAR', -0.002, 0.002, -0.0001, 0.0001],
  ])('gives %s their redshifts', async (_, bits, spectype, low, high, medianLow, medianHigh) => {
    const [row] =
      await rowsOf(`SELECT min(z) AS low, max(z) AS high, percentile_cont(0.5) WITHIN GROUP (ORDER BY z) AS median
      FROM zpix WHERE survey = 'main' AND zwarn = 0 AND ${bits} AND spectype = '${spectype}'`)
    expect(row?.['low']).toBeGreaterThanOrEqual(low)
    expect(row?.['high']).toBeLessThanOrEqual(high)
    expect(row?.['median']).toBeGreaterThan(medianLow)
    expect(row?.['median']).toBeLessThan(medianHigh)
  })

  test('warns most often of a small chi-squared gap, and such rows have one', async () => {
    const rows = await rowsOf(
      'SELECT zwarn::int, count(*)::int AS n FROM zpix GROUP BY 1 ORDER BY 2 DESC LIMIT 2',
    )
    expect(rows.map((row) => row['zwarn'])).toEqual([0, 4])
    expect(await numberOf('SELECT avg((zwarn = 0)::int) FROM zpix')).toBeGreaterThan(0.88)
    expect(await numberOf('SELECT max(deltachi2) FROM zpix WHERE zwarn & 4 <> 0')).toBeLessThan(9)
    expect(await numberOf('SELECT min(deltachi2) FROM zpix WHERE zwarn = 0')).toBeGreaterThan(9)
  })

  test('covers both caps, keeps away from the galactic plane and ends where DR1 ends', async () => {
    const [row] = await rowsOf(`SELECT min(dec) AS low, max(dec) AS high, min(ra) AS first, max(ra) AS last,
      min(abs(asind(sind(dec) * sind(27.12825) + cosd(dec) * cosd(27.12825) * cosd(ra - 192.85948)))) AS plane,
      avg((sind(dec) * sind(27.12825) + cosd(dec) * cosd(27.12825) * cosd(ra - 192.85948) > 0)::int)::float8 AS north FROM photometry`)
    expect(row?.['low']).toBeGreaterThan(-19.5)
    expect(row?.['low']).toBeLessThan(-15)
    expect(row?.['high']).toBeLessThan(79.3)
    expect(row?.['high']).toBeGreaterThan(70)
    expect(row?.['plane']).toBeGreaterThan(16)
    expect(row?.['north']).toBeGreaterThan(0.6)
    expect(row?.['north']).toBeLessThan(0.9)
    const weights = [454_285, 2_135_787, 3_057_749, 618_239, 2_720_917, 880_083, 4_199_343, 1_705_862]
    const faces = await rowsOf(
      'SELECT healpix >> 12 AS face, count(*)::int AS n FROM zpix GROUP BY 1 ORDER BY 1',
    )
    for (const [face, weight] of weights.entries()) {
      expect(Number(faces[face]?.['n']) / smallRows).toBeCloseTo(weight / 16_521_556, 2)
    }
  })

  test('numbers its pixels as HEALPix does', async () => {
    const rows = await rowsOf(
      'SELECT z.healpix, p.ra, p.dec FROM zpix z JOIN photometry p USING (targetid) WHERE z.zcat_primary',
    )
    const wrong = rows.filter((row) => healpixOf(Number(row['ra']), Number(row['dec'])) !== row['healpix'])
    expect(wrong).toEqual([])
  })

  test('packs TARGETID and id as DESI does, beyond what a double holds', async () => {
    const rows =
      await rowsOf(`SELECT z.targetid::text, z.id::text, z.survey, z.program, p.brickid, p.brick_objid, p.release
      FROM zpix z JOIN photometry p USING (targetid) WHERE p.release > 0`)
    const surveys = ['', 'cmx', 'special', 'sv1', 'sv2', 'sv3', 'main']
    const programs = ['', 'other', 'backup', 'bright', 'dark']
    for (const row of rows) {
      const target = BigInt(String(row['targetid']))
      expect(target & 0x3fffffn).toBe(BigInt(Number(row['brick_objid'])))
      expect((target >> 22n) & 0xfffffn).toBe(BigInt(Number(row['brickid'])))
      expect((target >> 42n) & 0xffffn).toBe(BigInt(Number(row['release'])))
      expect(target > 1n << 53n).toBe(true)
      const codes =
        (BigInt(programs.indexOf(String(row['program']))) << 96n) +
        (BigInt(surveys.indexOf(String(row['survey']))) << 64n)
      expect(BigInt(String(row['id']))).toBe(codes + target)
    }
    expect(rows.some((row) => BigInt(Number(row['targetid'])) !== BigInt(String(row['targetid'])))).toBe(true)
  })

  test('names targets by place and bricks by centre', async () => {
    const rows = await rowsOf(
      `SELECT z.desiname, p.brickname, p.ra, p.dec FROM zpix z JOIN photometry p USING (targetid) LIMIT 2000`,
    )
    for (const row of rows) {
      const [, ra, dec] = /^DESI J(\d{3}\.\d{4})([+-]\d{2}\.\d{4})$/.exec(String(row['desiname'])) ?? []
      expect(Math.abs(Number(ra) - Number(row['ra']))).toBeLessThan(0.0002)
      expect(Math.abs(Number(dec) - Number(row['dec']))).toBeLessThan(0.0002)
      const [, brickRa, sign, brickDec] = /^(\d{4})([mp])(\d{3})$/.exec(String(row['brickname'])) ?? []
      expect(Math.abs((Number(brickDec) / 10) * (sign === 'm' ? -1 : 1) - Number(row['dec']))).toBeLessThan(
        0.25,
      )
      const offset =
        Math.abs(Number(brickRa) / 10 - Number(row['ra'])) * Math.cos((Number(row['dec']) * Math.PI) / 180)
      expect(Math.min(offset, 360 - offset)).toBeLessThan(0.3)
    }
  })

  test('has one primary row per target and counts its coadds', async () => {
    const wrong =
      await rowsOf(`SELECT targetid FROM zpix GROUP BY targetid HAVING count(*) FILTER (WHERE zcat_primary) <> 1
      OR count(*) <> max(zcat_nspec) OR count(*) FILTER (WHERE survey = 'main') <> max(main_nspec)`)
    expect(wrong).toEqual([])
    expect(await numberOf('SELECT count(*) FROM zpix WHERE zcat_nspec = 2')).toBe(
      2 * Math.floor(smallRows / 32),
    )
  })

  test('holds no NaN or infinity, and marks missing photometry with -9999', async () => {
    const floats =
      await rowsOf(`SELECT table_name AS t, string_agg(format('%1$I = ''NaN'' OR abs(%1$I) = ''Infinity''', column_name), ' OR ') AS bad
      FROM information_schema.columns WHERE table_schema IN ('iron', 'ard') AND data_type IN ('real', 'double precision') GROUP BY 1`)
    expect(floats.length).toBeGreaterThan(15)
    for (const { t, bad } of floats) {
      const schema = t === 'qso_ard' ? 'ard' : 'iron'
      expect([t, await numberOf(`SELECT count(*) FROM ${schema}.${String(t)} WHERE ${String(bad)}`)]).toEqual(
        [t, 0],
      )
    }
    const missing = await numberOf('SELECT avg((flux_r = -9999)::int) FROM photometry')
    expect(missing).toBeGreaterThan(0.005)
    expect(missing).toBeLessThan(0.05)
  })
})

describe('the catalogues', () => {
  test('have as many voids as the published files, with their sizes', async () => {
    const voids = await openSession(lab.server('proj-pg01'), 'meridian_ro', 'desi_void_desivast')
    const { rows } =
      await voids.query(`SELECT algorithm, count(*)::int AS n, round(avg(radius_mpc_h))::int AS mean FROM desivast_voids
      GROUP BY 1 ORDER BY 1`)
    await voids.end()
    expect(rows).toEqual([
      { algorithm: 'REVOLVER', n: 1992, mean: 17 },
      { algorithm: 'VIDE', n: 1478, mean: 17 },
      { algorithm: 'VoidFinder', n: 3765, mean: 13 },
      { algorithm: 'ZOBOV', n: 3517, mean: 15 },
    ])
  })

  test('put a galaxy in a void only where the void is', async () => {
    const [row] =
      await rowsOf(`SELECT count(*)::int AS n, max(abs(e.distance_to_void_center_mpc * 0.674 - sqrt(power(v.x - r * cosd(f.dec) * cosd(f.ra), 2)
        + power(v.y - r * cosd(f.dec) * sind(f.ra), 2) + power(v.z - r * sind(f.dec), 2)))) AS error
      FROM galaxy_void e JOIN fastspecfit f USING (targetid) JOIN photometry p USING (targetid)
      JOIN desivast_v2_revolver_voids v ON v.void = e.nearest_void_id AND v.galactic_cap = CASE WHEN
        sind(p.dec) * sind(27.12825) + cosd(p.dec) * cosd(27.12825) * cosd(p.ra - 192.85948) > 0 THEN 'NGC' ELSE 'SGC' END,
      LATERAL (SELECT comoving_mpc_h(f.z) AS r) d WHERE e.algorithm = 'REVOLVER' AND e.environment = 'void'`)
    expect(Number(row?.['n'])).toBeGreaterThan(20)
    expect(Number(row?.['error'])).toBeLessThan(4)
  })

  test('agree with zpix on every quasar', async () => {
    for (const table of [
      'qso_cat',
      'bal_qso',
      'ard.qso_ard',
      'civ_absorber',
      'agnqso',
      'fastspecfit',
      'qso_spectra',
    ]) {
      expect(await numberOf(`SELECT count(*) FROM ${table}`)).toBeGreaterThan(20)
      expect(
        await numberOf(
          `SELECT count(*) FROM ${table} c WHERE NOT EXISTS (SELECT FROM zpix z WHERE z.targetid = c.targetid)`,
        ),
      ).toBe(0)
    }
    expect(
      await numberOf(
        `SELECT count(*) FROM qso_cat c JOIN zpix z USING (targetid) WHERE z.zcat_primary AND c.z <> z.z`,
      ),
    ).toBe(0)
  })

  test('hold spectra whose lines are where the redshift puts them', async () => {
    const rows =
      await rowsOf(`SELECT s.targetid::text, s.camera, s.wave0, s.dwave, s.npix, s.flux, s.ivar, s.mask, z.z
      FROM qso_spectra s JOIN zpix z USING (targetid, survey, program) ORDER BY 1, 2`)
    const ends = { b: [3600, 5800], r: [5760, 7620], z: [7520, 9824] } as const
    const ratios: number[] = []
    for (const row of rows) {
      const camera = row['camera'] as keyof typeof ends
      const [flux, ivar, mask] = [row['flux'], row['ivar'], row['mask']] as [number[], number[], number[]]
      expect([flux.length, ivar.length, mask.length]).toEqual([row['npix'], row['npix'], row['npix']])
      expect(row['wave0']).toBe(ends[camera][0])
      expect(Number(row['wave0']) + 0.8 * (flux.length - 1)).toBeCloseTo(ends[camera][1], 6)
      expect(mask.every((bits, index) => (bits === 0) === (ivar[index] ?? 0) > 0)).toBe(true)
      for (const line of [1549.06, 1215.67, 6564.6]) {
        const level = (rest: number): number => {
          const middle = Math.round((rest * (1 + Number(row['z'])) - ends[camera][0]) / 0.8)
          if (middle < 12 || middle > flux.length - 12) return Number.NaN
          const window = flux.slice(middle - 10, middle + 10)
          return window.reduce((sum, value) => sum + value, 0) / window.length
        }
        const ratio = level(line) / level(line * 1.05)
        if (Number.isFinite(ratio)) ratios.push(ratio)
      }
    }
    expect(ratios.length).toBeGreaterThan(8)
    expect(ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]).toBeGreaterThan(1.5)
  })

  test('find by cone and polygon what arithmetic finds', async () => {
    const [place] = await rowsOf('SELECT ra, dec FROM photometry ORDER BY targetid LIMIT 1 OFFSET 9000')
    const [ra, dec] = [Number(place?.['ra']), Number(place?.['dec'])]
    const dot = `sind(dec) * sind(${dec}) + cosd(dec) * cosd(${dec}) * cosd(ra - (${ra}))`
    const cone = await numberOf(
      `SELECT count(*) FROM photometry WHERE q3c_radial_query(ra, dec, ${ra}, ${dec}, 3)`,
    )
    expect(cone).toBeGreaterThan(5)
    expect(cone).toBe(await numberOf(`SELECT count(*) FROM photometry WHERE ${dot} >= cosd(3)`))
    const box = [ra - 2, dec - 2, ra + 2, dec - 2, ra + 2, dec + 2, ra - 2, dec + 2]
    expect(
      await numberOf(
        `SELECT count(*) FROM photometry WHERE q3c_poly_query(ra, dec, ARRAY[${box.join(', ')}]::float8[])`,
      ),
    ).toBe(
      await numberOf(
        `SELECT count(*) FROM photometry WHERE ra BETWEEN ${ra - 2} AND ${ra + 2} AND dec BETWEEN ${dec - 2} AND ${dec + 2}`,
      ),
    )
    const plan = await rowsOf(
      `EXPLAIN SELECT * FROM photometry WHERE q3c_radial_query(ra, dec, ${ra}, ${dec}, 0.2)`,
    )
    expect(JSON.stringify(plan)).toContain('ix_photometry_dec')
  })
})

test('the version of the content follows its rows', () => {
  expect(desiPlan(1_000).version).toBe(desiPlan(1_000).version)
  expect(desiPlan(1_000).version).not.toBe(desiPlan(2_000).version)
})

const sharedTable = z.object({
  name: z.string(),
  primaryKey: z.array(z.string()),
  columns: z.array(z.object({ name: z.string(), pgType: z.string(), unit: z.string() })),
})
const spelling: Record<string, string> = {
  serial: 'integer',
  timestamptz: 'timestamp with time zone',
  'char(1)': 'character(1)',
  'char(3)': 'character(3)',
}
const official = (type: string): string =>
  (spelling[type] ?? type).replace('varchar', 'character varying').replace('numeric(39)', 'numeric(39,0)')
/** Kept as a logarithm here, since the published type cannot hold the value in its unit. */
const otherUnits = ['qso_ard.l_bol']

describe.skipIf(!existsSync(schemaFile))(
  'against the facts on DESI DR1 (skipped without ../shared/desi)',
  () => {
    const notBuilt = ['ztile', 'target', 'fiberassign', 'potential', 'frame']

    test('every table has the published columns, types, units and key', async () => {
      const { tables } = z
        .object({ tables: z.array(sharedTable) })
        .parse(JSON.parse(readFileSync(schemaFile, 'utf8')))
      const spectra = { name: 'qso_spectra', primaryKey: ['targetid', 'survey', 'program', 'camera'] }
      expect(tables.length).toBeGreaterThan(20)
      for (const table of tables.filter(({ name }) => !notBuilt.includes(name))) {
        const name = table.name.includes('.') ? table.name : `iron.${table.name}`
        const database = name.startsWith('raw_catalogs')
          ? `desi_void_${name.endsWith('voids') ? 'desivast' : 'fastspecfit'}`
          : 'desi_dr1'
        const session = await openSession(lab.server('proj-pg01'), 'meridian_ro', database)
        const { rows } = await session.query<{ name: string; type: string; comment: string | null }>(
          `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, col_description(attrelid, attnum) AS comment
         FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
          [name],
        )
        const key = await session.query<{ columns: string[] }>(
          `SELECT array(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, place) JOIN pg_attribute ON attrelid = conrelid AND attnum = k.n
           ORDER BY place) AS columns FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'`,
          [name],
        )
        await session.end()
        expect([name, rows.map((row) => `${row.name} ${row.type}`)]).toEqual([
          name,
          table.columns.map((column) => `${column.name} ${official(column.pgType)}`),
        ])
        expect([name, key.rows[0]?.columns ?? []]).toEqual([name, table.primaryKey])
        for (const [index, column] of table.columns.entries()) {
          const comment = rows[index]?.comment ?? ''
          expect(comment.length).toBeGreaterThan(3)
          if (column.unit && !otherUnits.includes(`${name.split('.')[1]}.${column.name}`)) {
            expect([column.name, comment]).toEqual([
              column.name,
              expect.stringContaining(`[${column.unit}] `),
            ])
          }
        }
      }
      expect(await rowsOf(`SELECT * FROM ${spectra.name} LIMIT 1`)).toHaveLength(1)
    })

    test(
      'every research query runs, save the one for pgSphere, which is not here',
      { timeout: 60_000 },
      async () => {
        const sections = readFileSync(queriesFile, 'utf8')
          .split(/^## (?=\d+\. )/m)
          .slice(1)
        const queries = sections.map((section) => ({
          title: section.split('\n')[0] ?? '',
          sql: [...section.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? '').join('\n'),
        }))
        expect(queries.length).toBeGreaterThan(30)
        const failures: string[] = []
        let filled = 0
        for (const { title, sql } of queries) {
          if (/spoint|scircle/.test(sql)) continue
          await client.query('BEGIN')
          const result = await client
            .query(sql)
            .catch((error: unknown) => void failures.push(`${title}: ${String(error)}`))
          await client.query('ROLLBACK')
          const last = Array.isArray(result) ? result.at(-1) : result
          if (last && last.rowCount > 0) filled++
        }
        expect(failures).toEqual([])
        expect(filled).toBeGreaterThan(15)
      },
    )
  },
)
