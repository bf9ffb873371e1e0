// The content of each demo server as a plan: databases, then tasks with what they need, each a list of SQL. A pure
// function of the row count, so its text is also the content's version. build.ts executes it.
import { createHash } from 'node:crypto'
import { exposure, pointingSql, tile } from './observing.ts'
import { fastspecfit } from './fastspecfit.ts'
import { fittedSql } from './galaxies.ts'
import { photometry } from './photometry.ts'
import { agnqso, balQso, civAbsorber, qsoArd, qsoCat, quasarSql } from './quasars.ts'
import {
  desivastVoids,
  fastspecfitGalaxies,
  galaxiesColumns,
  galaxiesQuery,
  voidsColumns,
  voidsQuery,
} from './raw-catalogs.ts'
import { serviceDatabases } from './services.ts'
import { brickSql, pixelSql, skyFunctionsSql } from './sky.ts'
import { gridSql, qsoSpectra, spectraShare, templateSql } from './spectra.ts'
import { functionsSql } from './stand-ins.ts'
import {
  commentSql,
  createTableSql,
  indexSql,
  insertSql,
  primaryKeySql,
  qualified,
  type TableSpec,
} from './table-spec.ts'
import { coaddSql, splitRows, targetSql } from './targets.ts'
import { memberSql, voidSql, voidTables } from './voids.ts'
import { zpix } from './zpix.ts'

export interface PlanTask {
  name: string
  /** Shown while it runs: the present step as a person would say it. */
  label: string
  database: string
  needs: string[]
  /** Share of the whole in arbitrary units, from measured seconds. */
  weight: number
  /** Executed one by one; a text of several statements is one transaction. `$dblink` is the connection to desi_dr1. */
  statements: string[]
}
export interface ContentPlan {
  /** Run in `postgres` before anything else, one transaction each. */
  databases: string[]
  tasks: PlanTask[]
  /** Run in each named database at the very end. */
  closing: { database: string; statements: string[] }[]
  /** Changes whenever the content would. */
  version: string
}

export const tablesOfDesiDr1 = (zpixRows: number): TableSpec[] => [
  zpix,
  photometry,
  tile,
  exposure,
  fastspecfit,
  agnqso,
  qsoCat,
  balQso,
  civAbsorber,
  qsoArd,
  qsoSpectra(quasarShare(zpixRows)),
  ...voidTables,
]

/** Sample sizes when there are enough rows to draw from; small demos keep everything. */
const wanted = { brightFits: 40_000, darkFits: 22_000, galaxies: 200_000 } as const
/** Measured shares of zpix rows that qualify for each sample. */
const eligible = { bright: 0.3, dark: 0.375, quasars: 0.0722 } as const
const shareFor = (count: number, available: number): number =>
  Math.min(1024, Math.ceil((1024 * count) / Math.max(1, available)))
/** One quasar in 360 has its spectrum kept, and never fewer than a dozen: they are the costliest rows. */
const quasarShare = (zpixRows: number): number =>
  spectraShare(Math.max(12, Math.min(200, zpixRows / 5_000)), zpixRows * eligible.quasars)

const loadTable = (table: TableSpec): string[] => [
  [`SET LOCAL work_mem = '256MB'`, createTableSql(table), ...insertSql(table), commentSql(table)].join(';\n'),
  ...[primaryKeySql(table) ?? []].flat(),
]
const finishTable = (table: TableSpec): string[] => [
  ...table.indexes.map((index) => indexSql(table, index)),
  `VACUUM (FREEZE, ANALYZE) ${qualified(table)}`,
]
const inDr1 = (name: string, label: string, weight: number, needs: string[], statements: string[]): PlanTask => ({
  name,
  label,
  database: 'desi_dr1',
  needs,
  weight,
  statements,
})
/** A table small enough to be one task. */
const whole = (table: TableSpec, weight: number, needs: string[], before: string[] = []): PlanTask =>
  inDr1(table.name, `Writing ${qualified(table)}`, weight, needs, [...before, ...loadTable(table), ...finishTable(table)])

function survey(zpixRows: number): PlanTask[] {
  const { targets, repeats } = splitRows(zpixRows)
  return [
    inDr1('sky', 'Choosing where the telescope looked', 0.2, [], [
      `${skyFunctionsSql};\n${pixelSql(targets)};\n${brickSql};\n${coaddSql};\nANALYZE gen.pixel;\nANALYZE gen.brick_row`,
    ]),
    inDr1('targets a', 'Placing galaxies, quasars and stars', 1.5, ['sky'], [targetSql('target_a', repeats, 'low')]),
    inDr1('targets b', 'Placing galaxies, quasars and stars', 1.5, ['sky'], [targetSql('target_b', repeats, 'high')]),
    inDr1('zpix', `Writing ${zpixRows.toLocaleString('en')} redshifts`, 9.2, ['targets a', 'targets b'], [
      ...loadTable(zpix),
      'VACUUM (FREEZE, ANALYZE) iron.zpix',
    ]),
    inDr1('photometry', 'Writing photometry of every target', 7.6, ['targets a', 'targets b'], [
      ...loadTable(photometry),
      'VACUUM (FREEZE, ANALYZE) iron.photometry',
    ]),
  ]
}

/** Last, since nothing waits for them: they fill the gaps that the long tasks leave. */
function surveyIndexes(): PlanTask[] {
  return [
    ...[...zpix.indexes.map((index) => ({ table: zpix, index })), ...photometry.indexes.map((index) => ({ table: photometry, index }))].map(
      ({ table, index }) => inDr1(index.name, `Indexing ${qualified(table)}`, 0.4, [table.name], [indexSql(table, index)]),
    ),
    inDr1('zpix key', 'Linking redshifts to photometry', 1, ['zpix', 'photometry', ...zpix.indexes.map((index) => index.name)], [
      'ALTER TABLE iron.zpix ADD CONSTRAINT zpix_targetid_fkey FOREIGN KEY (targetid) REFERENCES iron.photometry',
    ]),
  ]
}

function catalogues(zpixRows: number): PlanTask[] {
  const bright = shareFor(wanted.brightFits, zpixRows * eligible.bright)
  const dark = shareFor(wanted.darkFits, zpixRows * eligible.dark)
  const foreignKeys = [fastspecfit, agnqso].map(
    (table) => `ALTER TABLE ${qualified(table)} ADD FOREIGN KEY (targetid) REFERENCES iron.photometry`,
  )
  const maximalsKey =
    'ALTER TABLE iron.desivast_voidfinder_holes ADD FOREIGN KEY (galactic_cap, void) REFERENCES iron.desivast_voidfinder_maximals'
  return [
    inDr1('quasars', 'Choosing quasars', 0.8, ['zpix', 'photometry'], [quasarSql]),
    whole(qsoSpectra(quasarShare(zpixRows)), 6.2, ['quasars'], [templateSql, gridSql]),
    inDr1('fitted', 'Fitting galaxies', 1.4, ['targets a', 'targets b'], [fittedSql(bright, dark), 'ANALYZE gen.fitted (t, kind, is_kept)']),
    whole(fastspecfit, 1.5, ['fitted']),
    whole(agnqso, 2, ['zpix', 'photometry', 'fastspecfit']),
    whole(qsoCat, 0.5, ['quasars']),
    whole(balQso, 1.3, ['quasars']),
    whole(civAbsorber, 0.3, ['quasars']),
    whole(qsoArd, 0.3, ['quasars']),
    whole(tile, 0.1, ['sky'], [pointingSql]),
    whole(exposure, 0.1, ['tile']),
    inDr1('voids', 'Finding cosmic voids', 1.2, ['fastspecfit'], [voidSql, 'ANALYZE gen.void', memberSql]),
    ...voidTables.map((table) => whole(table, 0.1, ['voids'])),
    inDr1('links', 'Linking catalogues to photometry', 0.3, ['photometry', 'fastspecfit', 'agnqso', ...voidTables.map((table) => table.name), 'exposure'], [
      [...foreignKeys, maximalsKey, 'ALTER TABLE iron.exposure ADD FOREIGN KEY (tileid) REFERENCES iron.tile'].join(';\n'),
    ]),
  ]
}

/** A table of another database whose rows come from desi_dr1. */
function fetched(table: TableSpec, database: string, needs: string[], query: string, shape: string): PlanTask {
  const remote = `CREATE SCHEMA gen; CREATE EXTENSION dblink SCHEMA gen;
    CREATE VIEW gen.remote AS SELECT * FROM gen.dblink('$dblink', $q$${query}$q$) AS r(${shape})`
  return {
    name: `${database} rows`,
    label: `Writing ${database}`,
    database,
    needs,
    weight: 1.5,
    statements: [remote, ...loadTable(table), ...finishTable(table), 'DROP SCHEMA gen CASCADE'],
  }
}

/** Everyone may read; the administrator owns; developers write in `scratch`. */
const ownership = (database: string, schemas: string[]): string => `
DO $$ DECLARE thing record; BEGIN
  FOR thing IN SELECT c.oid::regclass AS name, c.relkind FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN (${schemas.map((name) => `'${name}'`).join(', ')}) AND c.relkind IN ('r', 'v')
  LOOP EXECUTE format('ALTER %s %s OWNER TO meridian_admin', CASE thing.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, thing.name); END LOOP;
END $$;
ALTER DATABASE ${database} OWNER TO meridian_admin;
${schemas.map((name) => `ALTER SCHEMA ${name} OWNER TO meridian_admin; GRANT USAGE ON SCHEMA ${name} TO meridian_ro, desi_dev;
GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO meridian_ro, desi_dev`).join(';\n')};
CREATE SCHEMA scratch AUTHORIZATION desi_dev;
COMMENT ON SCHEMA scratch IS 'Tables of your own; everyone may read them, desi_dev may write';
GRANT USAGE ON SCHEMA scratch TO meridian_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE desi_dev IN SCHEMA scratch GRANT SELECT ON TABLES TO meridian_ro`

const versionOf = (plan: Omit<ContentPlan, 'version'>): string =>
  createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16)

/** proj-pg01: the DESI databases. */
export function desiPlan(zpixRows: number): ContentPlan {
  const plan = {
    databases: [
      'GRANT pg_monitor TO postgres_exporter, desi_dev, meridian_admin; GRANT meridian_admin TO CURRENT_USER',
      'CREATE DATABASE template_desi',
    ],
    tasks: [
      {
        name: 'template',
        label: 'Making the template database',
        database: 'template_desi',
        needs: [],
        weight: 0.2,
        statements: [
          `CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pgcrypto; ${functionsSql};
           COMMENT ON DATABASE template_desi IS 'Template of every DESI database: extensions and sky functions'`,
        ],
      },
      {
        name: 'databases',
        label: 'Making the DESI databases',
        database: 'postgres',
        needs: ['template'],
        weight: 0.3,
        statements: [
          ...['desi_dr1', 'desi_void_fastspecfit', 'desi_void_desivast'].map((name) => `CREATE DATABASE ${name} TEMPLATE template_desi`),
          `ALTER DATABASE template_desi IS_TEMPLATE true; ALTER DATABASE template_desi OWNER TO meridian_admin;
           ALTER DATABASE desi_dr1 SET search_path = iron, public;
           ALTER DATABASE desi_void_fastspecfit SET search_path = raw_catalogs, public;
           ALTER DATABASE desi_void_desivast SET search_path = raw_catalogs, public;
           COMMENT ON DATABASE desi_dr1 IS 'DESI DR1 in the official layout (production iron), a synthetic sample'`,
        ],
      },
      inDr1('schemas', 'Making the DESI databases', 0.1, ['databases'], [
        `CREATE SCHEMA gen; CREATE SCHEMA iron; CREATE SCHEMA ard;
         COMMENT ON SCHEMA iron IS 'DESI DR1 (production iron) and its value-added catalogues';
         COMMENT ON SCHEMA ard IS 'Analysis-ready tables of the research group'`,
      ]),
      ...[...survey(zpixRows), ...catalogues(zpixRows), ...surveyIndexes()].map((task) =>
        task.needs.length === 0 ? { ...task, needs: ['schemas'] } : task,
      ),
      {
        name: 'raw schemas',
        label: 'Making the DESI databases',
        database: 'desi_void_fastspecfit',
        needs: ['databases'],
        weight: 0.1,
        statements: ['CREATE SCHEMA raw_catalogs'],
      },
      {
        name: 'raw void schemas',
        label: 'Making the DESI databases',
        database: 'desi_void_desivast',
        needs: ['databases'],
        weight: 0.1,
        statements: ['CREATE SCHEMA raw_catalogs'],
      },
      fetched(
        fastspecfitGalaxies,
        'desi_void_fastspecfit',
        ['raw schemas', 'fitted'],
        galaxiesQuery(shareFor(wanted.galaxies, zpixRows * eligible.bright)),
        galaxiesColumns,
      ),
      fetched(desivastVoids, 'desi_void_desivast', ['raw void schemas', ...voidTables.map((table) => table.name)], voidsQuery, voidsColumns),
    ],
    closing: [
      { database: 'desi_dr1', statements: ['DROP SCHEMA gen CASCADE', ownership('desi_dr1', ['iron', 'ard'])] },
      {
        database: 'desi_void_fastspecfit',
        statements: [ownership('desi_void_fastspecfit', ['raw_catalogs'])],
      },
      {
        database: 'desi_void_desivast',
        statements: [
          "SELECT setval('raw_catalogs.desivast_voids_void_id_seq', (SELECT max(void_id) FROM raw_catalogs.desivast_voids))",
          ownership('desi_void_desivast', ['raw_catalogs']),
        ],
      },
    ],
  }
  return { ...plan, version: versionOf(plan) }
}

/** proj-pg02: the lab's services. */
export function servicesPlan(): ContentPlan {
  const plan = {
    databases: [
      'GRANT pg_monitor TO postgres_exporter, meridian_ro',
      ...serviceDatabases.map(({ name, owner }) => `CREATE DATABASE ${name} OWNER ${owner}`),
    ],
    tasks: serviceDatabases.map(({ name, owner, description, sql }) => ({
      name,
      label: 'Filling the databases of the services',
      database: name,
      needs: [],
      weight: 0.3,
      statements: [
        `GRANT USAGE, CREATE ON SCHEMA public TO ${owner}; SET LOCAL ROLE ${owner}; ${sql}`,
        `COMMENT ON DATABASE ${name} IS '${description}'; CREATE EXTENSION pg_stat_statements;
         GRANT USAGE ON SCHEMA public TO meridian_ro; GRANT SELECT ON ALL TABLES IN SCHEMA public TO meridian_ro`,
        'VACUUM (FREEZE, ANALYZE)',
      ],
    })),
    closing: [],
  }
  return { ...plan, version: versionOf(plan) }
}
