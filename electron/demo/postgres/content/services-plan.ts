// proj-pg02's content: one database per service of the lab, owned by its application role. Executed by build.ts.
import { sealed, type ContentPlan } from './plan.ts'
import { serviceDatabases } from './services.ts'

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
  return sealed(plan)
}
