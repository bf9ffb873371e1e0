// proj-pg01's content: template_desi, desi_dr1 and the research group's two void databases, with owners and rights.
// A pure function of the row count. Executed by build.ts.
import { desiDr1Tasks, eligible, shareFor } from './desi-tables.ts'
import { finishTable, inDr1, loadTable, sealed, type ContentPlan, type PlanTask } from './plan.ts'
import {
  desivastVoids,
  fastspecfitGalaxies,
  galaxiesColumns,
  galaxiesQuery,
  voidsColumns,
  voidsQuery,
} from './raw-catalogs.ts'
import { functionsSql } from './stand-ins.ts'
import type { TableSpec } from './table-spec.ts'
import { voidTables } from './voids.ts'

/** Rows of fastspecfit_galaxies when the survey has that many bright galaxies. */
const wantedGalaxies = 200_000

/** A table of another database whose rows come from desi_dr1. */
function fetched(
  table: TableSpec,
  database: string,
  needs: string[],
  query: string,
  shape: string,
): PlanTask {
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
    WHERE c.relnamespace::regnamespace::text IN (${schemas.map((name) => `'${name}'`).join(', ')})
    AND c.relkind IN ('r', 'v')
  LOOP EXECUTE format('ALTER %s %s OWNER TO meridian_admin', CASE thing.relkind WHEN 'v' THEN 'VIEW'
  ELSE 'TABLE' END, thing.name); END LOOP;
END $$;
ALTER DATABASE ${database} OWNER TO meridian_admin;
${schemas
  .map(
    (
      name,
    ) => `ALTER SCHEMA ${name} OWNER TO meridian_admin; GRANT USAGE ON SCHEMA ${name} TO meridian_ro, desi_dev;
GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO meridian_ro, desi_dev`,
  )
  .join(';\n')};
CREATE SCHEMA scratch AUTHORIZATION desi_dev;
COMMENT ON SCHEMA scratch IS 'Tables of your own; everyone may read them, desi_dev may write';
GRANT USAGE ON SCHEMA scratch TO meridian_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE desi_dev IN SCHEMA scratch GRANT SELECT ON TABLES TO meridian_ro`

/** proj-pg01: the DESI databases. */
export function desiPlan(zpixRows: number): ContentPlan {
  const plan = {
    databases: [
      'GRANT pg_monitor TO postgres_exporter, desi_dev, meridian_admin',
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
          ...['desi_dr1', 'desi_void_fastspecfit', 'desi_void_desivast'].map(
            (name) => `CREATE DATABASE ${name} TEMPLATE template_desi`,
          ),
          `ALTER DATABASE template_desi IS_TEMPLATE true; ALTER DATABASE template_desi OWNER TO meridian_admin;
           ALTER DATABASE desi_dr1 SET search_path = iron, public;
           ALTER DATABASE desi_void_fastspecfit SET search_path = raw_catalogs, public;
           ALTER DATABASE desi_void_desivast SET search_path = raw_catalogs, public;
           COMMENT ON DATABASE desi_dr1 IS 'DESI DR1 in the official layout (production iron), a synthetic sample'`,
        ],
      },
      inDr1(
        'schemas',
        'Making the DESI databases',
        0.1,
        ['databases'],
        [
          `CREATE SCHEMA gen; CREATE SCHEMA iron; CREATE SCHEMA ard;
         COMMENT ON SCHEMA iron IS 'DESI DR1 (production iron) and its value-added catalogues';
         COMMENT ON SCHEMA ard IS 'Analysis-ready tables of the research group'`,
        ],
      ),
      ...desiDr1Tasks(zpixRows).map((task) =>
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
        galaxiesQuery(shareFor(wantedGalaxies, zpixRows * eligible.bright)),
        galaxiesColumns,
      ),
      fetched(
        desivastVoids,
        'desi_void_desivast',
        ['raw void schemas', ...voidTables.map((table) => table.name)],
        voidsQuery,
        voidsColumns,
      ),
    ],
    closing: [
      {
        database: 'desi_dr1',
        statements: ['DROP SCHEMA gen CASCADE', ownership('desi_dr1', ['iron', 'ard'])],
      },
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
  return sealed(plan)
}
