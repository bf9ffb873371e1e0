// Figures over time. A tick is one row with every figure of a site at one moment; once an hour ticks are turned into
// chunks, one row per series and stretch of time.
export const metricsMigration = `
  CREATE TABLE metric_series (
    id INTEGER PRIMARY KEY, site_id TEXT NOT NULL, entity_id TEXT NOT NULL, key TEXT NOT NULL,
    UNIQUE (site_id, entity_id, key)
  ) STRICT;
  CREATE TABLE metric_tick (
    site_id TEXT NOT NULL, at_ms INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (site_id, at_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE metric_chunk (
    series_id INTEGER NOT NULL, tier INTEGER NOT NULL, start_ms INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (series_id, tier, start_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX metric_chunk_by_age ON metric_chunk (tier, start_ms);
`
