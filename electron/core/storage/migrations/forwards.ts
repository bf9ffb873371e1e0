// Port forwards; each goes with its connection.
export const forwardMigration = `
  CREATE TABLE forward (
    forward_id TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    body TEXT NOT NULL
  ) STRICT;
`
