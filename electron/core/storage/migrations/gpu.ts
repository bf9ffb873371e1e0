// Figures of GPUs over time. `step_ms` is how finely a row was kept: one reading, a minute, ten minutes.
export const gpuMigration = `
  CREATE TABLE gpu_sample (
    connection_id TEXT NOT NULL, step_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL, uuid TEXT NOT NULL,
    utilization REAL, memory_used REAL, temperature REAL, power REAL,
    PRIMARY KEY (connection_id, step_ms, at_ms, uuid)
  ) STRICT, WITHOUT ROWID;
`
