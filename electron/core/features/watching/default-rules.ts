// The rules that are shipped. Data only: what people change or add is kept in the store, and these can be put back.
import type { AlertRule } from '#shared/model/alert.ts'

const everything: AlertRule['scope'] = { kinds: [], tags: [], names: [] }
const state = { threshold: 0.5, clearThreshold: 0.5 }
const minute = 60
const hour = 60 * minute

export const defaultRules: readonly AlertRule[] = [
  { id: 'node-down', name: 'Node is down', signal: 'node-down', severity: 'critical', isEnabled: true, ...state, forSeconds: 30, clearForSeconds: 30, scope: everything },
  { id: 'quorum-lost', name: 'Cluster has no quorum', signal: 'quorum-lost', severity: 'critical', isEnabled: true, ...state, forSeconds: 0, clearForSeconds: 30, scope: everything },
  { id: 'connection-lost', name: 'Connection lost', signal: 'connection-lost', severity: 'critical', isEnabled: true, ...state, forSeconds: minute, clearForSeconds: 15, scope: { ...everything, kinds: ['connection'] } },
  { id: 'host-unreachable', name: 'Host unreachable', signal: 'connection-lost', severity: 'critical', isEnabled: true, ...state, forSeconds: 2 * minute, clearForSeconds: 15, scope: { ...everything, kinds: ['ssh-host', 'database-server'] } },
  { id: 'guest-down', name: 'Guest does not run', signal: 'guest-down', severity: 'warning', isEnabled: true, ...state, forSeconds: 5 * minute, clearForSeconds: minute, scope: everything },
  { id: 'node-cpu', name: 'Node is busy', signal: 'cpu-used', severity: 'warning', isEnabled: true, threshold: 0.85, clearThreshold: 0.75, forSeconds: 15 * minute, clearForSeconds: 5 * minute, scope: { ...everything, kinds: ['node'] } },
  { id: 'node-memory', name: 'Node is short of memory', signal: 'memory-used', severity: 'warning', isEnabled: true, threshold: 0.9, clearThreshold: 0.87, forSeconds: 10 * minute, clearForSeconds: 5 * minute, scope: { ...everything, kinds: ['node'] } },
  { id: 'filling-up', name: 'Nearly full', signal: 'fill', severity: 'warning', isEnabled: true, threshold: 0.85, clearThreshold: 0.82, forSeconds: 5 * minute, clearForSeconds: 5 * minute, scope: everything },
  { id: 'full', name: 'Full', signal: 'fill', severity: 'critical', isEnabled: true, threshold: 0.95, clearThreshold: 0.93, forSeconds: minute, clearForSeconds: 5 * minute, scope: everything },
  { id: 'full-soon', name: 'Full within two weeks', signal: 'full-in', severity: 'warning', isEnabled: true, threshold: 14, clearThreshold: 18, forSeconds: hour, clearForSeconds: 6 * hour, scope: everything },
  { id: 'backup-missed', name: 'Backup missed', signal: 'backup-age', severity: 'warning', isEnabled: true, threshold: 26, clearThreshold: 26, forSeconds: minute, clearForSeconds: 0, scope: { ...everything, kinds: ['guest'] } },
  { id: 'recovery-point', name: 'Recovery point of 4 h not kept', signal: 'backup-age', severity: 'info', isEnabled: false, threshold: 4, clearThreshold: 4, forSeconds: minute, clearForSeconds: 0, scope: { ...everything, kinds: ['guest'] } },
  { id: 'verification-missed', name: 'Verification missed', signal: 'verification-age', severity: 'warning', isEnabled: true, threshold: 50, clearThreshold: 50, forSeconds: minute, clearForSeconds: 0, scope: { ...everything, kinds: ['guest'] } },
  { id: 'verification-failed', name: 'Verification failed', signal: 'verification-failed', severity: 'critical', isEnabled: true, ...state, forSeconds: 0, clearForSeconds: 0, scope: everything },
  { id: 'certificate', name: 'Certificate runs out', signal: 'certificate-days', severity: 'warning', isEnabled: true, threshold: 21, clearThreshold: 22, forSeconds: 0, clearForSeconds: 0, scope: everything },
  { id: 'certificate-urgent', name: 'Certificate runs out within days', signal: 'certificate-days', severity: 'critical', isEnabled: true, threshold: 5, clearThreshold: 6, forSeconds: 0, clearForSeconds: 0, scope: everything },
  { id: 'pod-failing', name: 'Pod fails again and again', signal: 'pod-failing', severity: 'warning', isEnabled: true, ...state, forSeconds: 2 * minute, clearForSeconds: 2 * minute, scope: everything },
  { id: 'job-failed', name: 'Job failed', signal: 'job-failed', severity: 'warning', isEnabled: true, ...state, forSeconds: 0, clearForSeconds: 0, scope: everything },
  { id: 'drive-hot', name: 'Drive or GPU is hot', signal: 'temperature', severity: 'warning', isEnabled: true, threshold: 80, clearThreshold: 75, forSeconds: 0, clearForSeconds: 10 * minute, scope: everything },
  { id: 'replication-lag', name: 'Standby is behind', signal: 'replication-lag', severity: 'warning', isEnabled: true, threshold: 60, clearThreshold: 30, forSeconds: 2 * minute, clearForSeconds: minute, scope: everything },
  { id: 'database-connections', name: 'Database runs out of connections', signal: 'connections-used', severity: 'warning', isEnabled: true, threshold: 0.85, clearThreshold: 0.75, forSeconds: 2 * minute, clearForSeconds: minute, scope: everything },
]
