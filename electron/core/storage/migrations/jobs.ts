// Jobs and what is archived of them; their logs are files in `jobs/`, one folder a job.
export const jobMigration = `
  CREATE TABLE job (
    job_id TEXT PRIMARY KEY, site_id TEXT NOT NULL, connection_id TEXT NOT NULL, state TEXT NOT NULL,
    submitted_at_ms INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX job_by_time ON job (site_id, submitted_at_ms DESC);
`
