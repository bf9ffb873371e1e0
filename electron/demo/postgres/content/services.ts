// proj-pg02: the databases of the lab's own services. Shapes resemble what such services keep (repositories,
// automation runs, a data register, the lab's people); every row is invented. Run by the build, one task each.
import { hash } from './noise.ts'

const people = ['mira', 'jonas', 'aiko', 'luis', 'hanna', 'omar', 'petra', 'chen']
const peopleArray = `(ARRAY[${people.map((name) => `'${name}'`).join(', ')}])`
const since = "timestamptz '2025-02-03 08:00:00+00'"
/** A number from 0 to below `count` that depends on `key` and `salt` only. */
const pick = (key: string, salt: number, count: number): string =>
  `(abs(${hash(key, salt)} % ${count}))::int4`

export interface ServiceDatabase {
  name: string
  /** The application role that owns it. */
  owner: string
  description: string
  sql: string
}

const gitea = `
CREATE TABLE "user" (id bigserial PRIMARY KEY, lower_name text NOT NULL UNIQUE, name text NOT NULL,
    is_admin boolean NOT NULL,
  num_repos int NOT NULL, created_unix bigint NOT NULL);
INSERT INTO "user" (lower_name, name, is_admin, num_repos, created_unix)
  SELECT name, initcap(name), n = 1, 5, extract(epoch FROM ${since})::int8 + n * 86400
  FROM unnest(${peopleArray}) WITH ORDINALITY AS p(name, n);
CREATE TABLE repository (id bigserial PRIMARY KEY, owner_id bigint NOT NULL REFERENCES "user",
    name text NOT NULL, description text,
  is_private boolean NOT NULL, size bigint NOT NULL, num_issues int NOT NULL, updated_unix bigint NOT NULL,
  UNIQUE (owner_id, name));
INSERT INTO repository (owner_id, name, description, is_private, size, num_issues, updated_unix)
  SELECT 1 + ${pick('n', 1, 8)}, t.name || '-' || n, CASE WHEN n % 3 = 0 THEN NULL
  ELSE 'Work on ' || t.name END, n % 4 = 0,
         100000 + ${pick('n', 2, 90_000_000)}, ${pick('n', 3, 60)}, extract(epoch
         FROM ${since})::int8 + ${pick('n', 4, 40_000_000)}
  FROM generate_series(1, 40) n,
       LATERAL (SELECT (ARRAY['void-notebooks', 'quasar-vae', 'outflow-grids', 'cluster-ansible',
       'desi-loaders'])[1 + n % 5] AS name) t;
CREATE TABLE issue (id bigserial PRIMARY KEY, repo_id bigint NOT NULL REFERENCES repository,
    "index" bigint NOT NULL, poster_id bigint REFERENCES "user",
  name text NOT NULL, content text, is_closed boolean NOT NULL, is_pull boolean NOT NULL,
  created_unix bigint NOT NULL, UNIQUE (repo_id, "index"));
INSERT INTO issue (repo_id, "index", poster_id, name, content, is_closed, is_pull, created_unix)
  SELECT 1 + (n - 1) % 40, 1 + (n - 1) / 40, 1 + ${pick('n', 5, 8)}, (ARRAY['Loader stops at an empty file',
  'Plot masses in two bins', 'Pin the container image',
         'Retry the Ray job', 'Document the mask bits'])[1 + ${pick('n', 6, 5)}], '', ${pick('n', 7, 3)} > 0,
         n % 5 = 0,
         extract(epoch FROM ${since})::int8 + n * 9000
  FROM generate_series(1, 1600) n;
CREATE INDEX issue_is_closed ON issue (is_closed);
CREATE TABLE action (id bigserial PRIMARY KEY, user_id bigint REFERENCES "user", op_type int NOT NULL,
    repo_id bigint REFERENCES repository,
  ref_name text, content json, created_unix bigint NOT NULL);
INSERT INTO action (user_id, op_type, repo_id, ref_name, content, created_unix)
  SELECT 1 + ${pick('n', 8, 8)}, 1 + ${pick('n', 9, 12)}, 1 + ${pick('n', 10, 40)}, 'refs/heads/main',
  json_build_object('commits', 1 + n % 4),
         extract(epoch FROM ${since})::int8 + n * 1200
  FROM generate_series(1, 20000) n;
CREATE INDEX action_created_unix ON action (created_unix)`

const semaphore = `
CREATE TABLE project (id serial PRIMARY KEY, name varchar(255) NOT NULL, created timestamptz NOT NULL,
    max_parallel_tasks int NOT NULL DEFAULT 0);
INSERT INTO project (name, created, max_parallel_tasks) VALUES ('Hypervisors', ${since}, 1), ('RKE2 cluster',
    ${since}, 1), ('Databases', ${since}, 1);
CREATE TABLE project_template (id serial PRIMARY KEY, project_id int NOT NULL REFERENCES project,
    name varchar(100) NOT NULL, playbook varchar(255) NOT NULL,
  arguments jsonb);
INSERT INTO project_template (project_id, name, playbook, arguments)
  SELECT 1 + n % 3, v.name, v.name || '.yml', CASE WHEN n % 2 = 0 THEN '["--diff"]'::jsonb END
  FROM (VALUES (0, 'baseline'), (1, 'rke2-upgrade'), (2, 'postgres-config'), (3, 'patch'), (4,
  'drain-and-reboot'), (5, 'exporters')) v(n, name);
CREATE TABLE task (id serial PRIMARY KEY, template_id int NOT NULL REFERENCES project_template,
    status varchar(255) NOT NULL, username varchar(80),
  created timestamptz NOT NULL, start timestamptz, "end" timestamptz, commit_hash varchar(64),
  message varchar(250) NOT NULL DEFAULT '');
INSERT INTO task (template_id, status, username, created, start, "end", commit_hash)
  SELECT 1 + ${pick('n', 20, 6)}, CASE WHEN ${pick('n', 21, 12)} = 0 THEN 'error' ELSE 'success' END,
  ${peopleArray}[1 + ${pick('n', 22, 3)}],
         t.at, t.at + interval '4 seconds', t.at + make_interval(secs => 40 + ${pick('n', 23, 900)}),
         md5(n::text)
  FROM generate_series(1, 900) n, LATERAL (SELECT ${since} + n * interval '9 hours' AS at) t;
CREATE TABLE task__output (task_id int NOT NULL REFERENCES task ON DELETE CASCADE, time timestamptz NOT NULL,
    output text NOT NULL);
INSERT INTO task__output
  SELECT t.id, t.start + n * interval '3 seconds', (ARRAY['ok: ', 'changed: ', 'skipping: '])[1 + (t.id
  + n) % 3] || '[proj-node0' || 1 + n % 5 || ']'
  FROM task t, generate_series(1, 12) n;
CREATE INDEX task__output_task_id ON task__output (task_id)`

const metadata = `
CREATE TYPE dataset_state AS ENUM ('planned', 'loading', 'ready', 'retired');
CREATE TABLE dataset (dataset_id uuid PRIMARY KEY, name text NOT NULL UNIQUE, release text NOT NULL,
    state dataset_state NOT NULL,
  size_bytes numeric(20) NOT NULL, keywords text[] NOT NULL, properties jsonb NOT NULL,
  registered date NOT NULL);
INSERT INTO dataset
  SELECT md5('dataset' || n)::uuid, v.name, 'iron', v.state::dataset_state, v.gigabytes * 1000000000::numeric,
  v.keywords,
         jsonb_build_object('rows', v.row_count, 'format', v.format), date '2025-03-01' + n * 17
  FROM (VALUES (1, 'BGS void galaxies', 'ready', 26.4, '{bgs,voids}'::text[], 6445927, 'postgresql'),
               (2, 'DESIVAST voids', 'ready', 1.2, '{voids}', 10752, 'postgresql'),
               (3, 'Quasar tiles', 'ready', 116.0, '{qso,spectra}', 1030934, 'parquet'),
               (4, 'Analysis-ready galaxies', 'planned', 15, '{bgs,ard}', 6400000, 'parquet'),
               (5, 'Analysis-ready quasars', 'loading', 3, '{qso,ard}', 1600000, 'parquet'),
               (6, 'Cloudy grid', 'planned', 50, '{outflows}', 0, 'hdf5'),
               (7, 'Source FITS', 'retired', 2300, '{fits}', 0, 'fits')) v(n, name, state, gigabytes, keywords,
               row_count, format);
CREATE TABLE dataset_file (file_id bigserial PRIMARY KEY, dataset_id uuid NOT NULL REFERENCES dataset,
    path text NOT NULL, size_bytes bigint NOT NULL,
  sha256 bytea NOT NULL, checked timestamptz);
INSERT INTO dataset_file (dataset_id, path, size_bytes, sha256, checked)
  SELECT md5('dataset3')::uuid, 'tiles/' || n || '/qso.parquet', 4000000 + ${pick('n', 30, 15_000_000)},
  sha256(n::text::bytea),
         CASE WHEN n % 9 = 0 THEN NULL ELSE ${since} + n * interval '1 minute' END
  FROM generate_series(1, 10793) n;
CREATE INDEX dataset_file_dataset ON dataset_file (dataset_id);
CREATE TABLE ingest_run (run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id uuid NOT NULL REFERENCES dataset, began timestamptz NOT NULL,
  took interval NOT NULL, rows_in bigint NOT NULL, rows_kept bigint NOT NULL, client inet NOT NULL, note text);
INSERT INTO ingest_run (dataset_id, began, took, rows_in, rows_kept, client, note)
  SELECT md5('dataset' || 1 + n % 5)::uuid, ${since} + n * interval '31 hours', make_interval(secs => 20
  + ${pick('n', 31, 5000)}), r.rows_in,
         r.rows_in - r.rows_in / 60, '10.25.20.0'::inet + 10 + ${pick('n', 32, 6)}, CASE
         WHEN n % 4 = 0 THEN 'quality cuts as planned' END
  FROM generate_series(1, 220) n, LATERAL (SELECT 100000::int8 + ${pick('n', 33, 4_000_000)} AS rows_in) r`

const users = `
CREATE TABLE account (account_id int PRIMARY KEY, login text NOT NULL UNIQUE, full_name text NOT NULL,
    unix_uid int NOT NULL UNIQUE, is_active boolean NOT NULL,
  joined date NOT NULL, last_seen timestamptz);
INSERT INTO account SELECT n, name, initcap(name) || ' Example', 20000 + n, n <> 7, date '2023-09-01' + n::int4
    * 40,
    CASE WHEN n = 7 THEN NULL ELSE ${since} + n * interval '11 days' END
  FROM unnest(${peopleArray}) WITH ORDINALITY AS p(name, n);
CREATE TABLE project (project_id int PRIMARY KEY, name text NOT NULL UNIQUE, pool text NOT NULL,
    cpu_hours_limit numeric(10, 2));
INSERT INTO project VALUES (1, 'DESI cosmic-void galaxies', 'research', 20000), (2, 'DESI anomalous quasars',
    'research', 60000.50),
  (3, 'DESI AGN outflows', 'research', NULL);
CREATE TABLE membership (account_id int REFERENCES account, project_id int REFERENCES project,
    role text NOT NULL CHECK (role IN ('lead', 'member', 'reader')),
  PRIMARY KEY (account_id, project_id));
INSERT INTO membership SELECT a, p, CASE WHEN a = p THEN 'lead' WHEN (a + p) % 3 = 0 THEN 'reader'
    ELSE 'member' END
  FROM generate_series(1, 8) a, generate_series(1, 3) p WHERE (a * p) % 4 <> 0`

export const serviceDatabases: ServiceDatabase[] = [
  { name: 'gitea', owner: 'gitea', description: 'Git hosting', sql: gitea },
  { name: 'semaphore', owner: 'semaphore', description: 'Ansible runs', sql: semaphore },
  { name: 'lab_metadata', owner: 'postgres', description: 'Register of data sets and loads', sql: metadata },
  { name: 'lab_users', owner: 'postgres', description: 'People and projects of the lab', sql: users },
]
