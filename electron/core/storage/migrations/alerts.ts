// Alert rules, the alerts they raised (firing ones and the past), silences, and which sites are not watched.
export const alertsMigration = `
  CREATE TABLE alert_rule (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE alert (
    id TEXT PRIMARY KEY, site_id TEXT NOT NULL, state TEXT NOT NULL, resolved_at_ms INTEGER, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alert_by_end ON alert (site_id, state, resolved_at_ms);
  CREATE TABLE alert_silence (id TEXT PRIMARY KEY, site_id TEXT NOT NULL, until_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE unwatched_site (site_id TEXT PRIMARY KEY) STRICT;
`
