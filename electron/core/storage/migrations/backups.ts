// The backups feature's own tables: what each connection last told of backups, and the targets of each site.
export const backupMigration = `
  CREATE TABLE backup_reading (
    connection_id TEXT PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
    read_at_ms INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE backup_policy (
    site_id TEXT PRIMARY KEY REFERENCES site (id) ON DELETE CASCADE, body TEXT NOT NULL
  ) STRICT;
`
