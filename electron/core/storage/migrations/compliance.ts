// The record of compliance: runs with their results and evidence, what people attest and accept, reviewed lists, and the
// chain of signed assessments, which the store itself refuses to change.
export const complianceMigration = `
  CREATE TABLE compliance_run (
    run_id TEXT PRIMARY KEY, site_id TEXT NOT NULL, started_at_ms INTEGER NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX compliance_run_by_site ON compliance_run (site_id, started_at_ms DESC);
  CREATE TABLE compliance_result (
    run_id TEXT NOT NULL REFERENCES compliance_run (run_id) ON DELETE CASCADE,
    check_id TEXT NOT NULL, target_id TEXT NOT NULL, verdict TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run_id, check_id, target_id)
  ) STRICT;
  CREATE TABLE compliance_evidence (
    run_id TEXT NOT NULL REFERENCES compliance_run (run_id) ON DELETE CASCADE,
    evidence_id TEXT NOT NULL, meta TEXT NOT NULL, deflated BLOB NOT NULL,
    PRIMARY KEY (run_id, evidence_id)
  ) STRICT;
  CREATE TABLE compliance_record (
    site_id TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, at_ms INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site_id, kind, id)
  ) STRICT;
  CREATE TABLE compliance_seen (
    site_id TEXT NOT NULL, key TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, PRIMARY KEY (site_id, key)
  ) STRICT;
  CREATE TABLE compliance_sign_off (
    site_id TEXT NOT NULL, sequence INTEGER NOT NULL, run_id TEXT NOT NULL,
    previous_hash TEXT NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (site_id, sequence)
  ) STRICT;
  CREATE TRIGGER compliance_sign_off_is_final BEFORE UPDATE ON compliance_sign_off
    BEGIN SELECT RAISE(ABORT, 'a signed assessment cannot be changed'); END;
  CREATE TRIGGER compliance_sign_off_is_kept BEFORE DELETE ON compliance_sign_off
    BEGIN SELECT RAISE(ABORT, 'a signed assessment cannot be removed'); END;
`
