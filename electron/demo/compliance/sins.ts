// The known sins of the lived-in demo lab: each is a real state of one of its servers, each must be found by a run of the
// compliance checks, and none of them may be reported of the clean variant.

export interface KnownSin {
  /** The check that finds it. */
  checkId: string
  service: 'proxmox' | 'pbs' | 'kubernetes' | 'ssh' | 'postgres'
  /** Name of an object that must be among those that fail; absent when the system itself fails. */
  object?: string
  /** What is wrong, in one sentence. */
  what: string
}

export const knownSins: readonly KnownSin[] = [
  { checkId: 'PVE-ACC-01', service: 'proxmox', object: 'auditor@pve', what: 'An enabled user logs in by password alone.' },
  { checkId: 'PVE-ACC-02', service: 'proxmox', object: 'pve', what: 'The realm does not demand a second factor.' },
  { checkId: 'PVE-ACC-04', service: 'proxmox', object: 'meridian@pve!app', what: 'An API token never expires.' },
  { checkId: 'PVE-FW-01', service: 'proxmox', what: 'The firewall of the datacenter is off.' },
  { checkId: 'PVE-FW-03', service: 'proxmox', object: 'node node05, rule 0', what: 'A rule opens the web interface to everybody.' },
  { checkId: 'PVE-BAK-04', service: 'proxmox', object: 'pbs01', what: 'Backups are written without encryption.' },
  { checkId: 'PVE-INV-01', service: 'proxmox', object: 'proj-pg01 (2002)', what: 'A guest has neither owner nor data class.' },
  { checkId: 'PVE-LOG-01', service: 'proxmox', what: 'Errors go to the mailbox of root only.' },
  { checkId: 'PVE-PAT-01', service: 'proxmox', object: 'node05', what: 'A node takes packages from the test repository.' },
  { checkId: 'PBS-ACC-01', service: 'pbs', object: 'auditor@pbs', what: 'A user of the backup server has no second factor.' },
  { checkId: 'PBS-ACC-02', service: 'pbs', object: 'backup@pbs!pve', what: 'The cluster’s token may delete backups.' },
  { checkId: 'PBS-ACC-03', service: 'pbs', object: 'auditor@pbs!read', what: 'A token of the backup server never expires.' },
  { checkId: 'PBS-LOG-01', service: 'pbs', what: 'The only matcher of notifications is switched off.' },
  { checkId: 'K8S-POD-01', service: 'kubernetes', object: 'monitoring/legacy-agent', what: 'A forgotten agent runs privileged.' },
  { checkId: 'K8S-POD-03', service: 'kubernetes', object: 'monitoring/legacy-agent', what: 'It mounts the root of its node.' },
  { checkId: 'K8S-POD-04', service: 'kubernetes', object: 'monitoring/legacy-agent', what: 'Its image is not pinned.' },
  { checkId: 'K8S-POD-10', service: 'kubernetes', object: 'monitoring/legacy-agent', what: 'A password stands in its environment.' },
  { checkId: 'K8S-RBAC-01', service: 'kubernetes', object: 'ServiceAccount desi-voids/notebook', what: 'A notebook is cluster-admin.' },
  { checkId: 'K8S-NET-01', service: 'kubernetes', object: 'monitoring', what: 'A namespace has no network policy that denies by default.' },
  { checkId: 'LIN-SSH-02', service: 'ssh', what: 'A machine lets people in by password.' },
  { checkId: 'LIN-SSH-05', service: 'ssh', what: 'Every account may log in over SSH.' },
  { checkId: 'LIN-SYS-01', service: 'ssh', object: 'net.ipv4.conf.all.accept_redirects', what: 'A database machine follows redirects.' },
  { checkId: 'LIN-FW-01', service: 'ssh', what: 'The firewall of the GPU machine is off.' },
  { checkId: 'NET-EXP-01', service: 'ssh', object: 'tcp 5901', what: 'A VNC server listens in clear.' },
  { checkId: 'LIN-AUD-01', service: 'ssh', what: 'The audit daemon does not run everywhere.' },
  { checkId: 'PG-LOG-01', service: 'postgres', object: 'log_connections', what: 'Logins are not logged.' },
  { checkId: 'PG-LOG-02', service: 'postgres', what: 'Log lines do not say where somebody came from.' },
  { checkId: 'PG-LOG-04', service: 'postgres', what: 'Changes of structure are not logged.' },
  { checkId: 'PG-LIM-01', service: 'postgres', what: 'A transaction may stay open for ever.' },
]
