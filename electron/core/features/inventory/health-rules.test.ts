import { describe, expect, it } from 'vitest'
import { judgeBackups, judgeGuest, judgeJob, judgeNode, judgeUsage } from './health-rules.ts'
import {
  judgeKubernetesJob,
  judgeKubernetesNode,
  judgePod,
  judgeRayCluster,
  judgeRayJob,
  judgeWorkload,
} from '../../connectors/kubernetes/kubernetes-health.ts'

const hourMs = 3_600_000

describe('Proxmox VE', () => {
  it.each([
    [{ status: 'running', isTemplate: false }, 'ok'],
    [{ status: 'running', lock: 'backup', isTemplate: false }, 'ok'],
    [{ status: 'running', lock: 'migrate', isTemplate: false }, 'warning'],
    [{ status: 'stopped', isTemplate: false }, 'off'],
    [{ status: 'paused', isTemplate: false }, 'warning'],
    [{ status: 'io-error', isTemplate: false }, 'error'],
    [{ status: 'running', hastate: 'error', isTemplate: false }, 'error'],
    [{ status: 'unknown', isTemplate: false }, 'unknown'],
    [{ isTemplate: false }, 'unknown'],
    [{ status: 'a-new-word', isTemplate: false }, 'unknown'],
    [{ status: 'stopped', isTemplate: true }, 'off'],
  ])('judges the guest %j as %s', (guest, health) => expect(judgeGuest(guest).health).toBe(health))

  it('judges nodes', () => {
    const full = { memoryFraction: 0.5, diskFraction: 0.5 }
    expect(judgeNode({ status: 'online', ...full }).health).toBe('ok')
    expect(judgeNode({ status: 'offline', ...full }).health).toBe('error')
    expect(judgeNode({ status: 'unknown', ...full }).health).toBe('unknown')
    expect(judgeNode({ status: 'online', ...full, diskFraction: 0.97 }).health).toBe('error')
    expect(judgeNode({ status: 'online', ...full, memoryFraction: 0.97 }).health).toBe('warning')
  })

  it.each([
    [0.5, 'ok'],
    [0.85, 'ok'],
    [0.86, 'warning'],
    [0.951, 'error'],
    [undefined, 'unknown'],
  ])('judges a storage that is %s full', (fraction, health) =>
    expect(judgeUsage(fraction, 'available').health).toBe(health),
  )
})

describe('backups', () => {
  const now = 1_000 * hourMs
  it.each([
    [1, 'ok', 'ok'],
    [25, 'ok', 'ok'],
    [27, 'ok', 'warning'],
    [51, 'ok', 'error'],
    [1, 'failed', 'error'],
    [1, 'never', 'warning'],
    [1, 'unknown', 'unknown'],
  ] as const)('%s h old and verification %s is %s', (ageHours, verification, health) =>
    expect(judgeBackups({ lastBackupAtMs: now - ageHours * hourMs, verification }, now).health).toBe(health),
  )

  it('are unknown when none was seen', () =>
    expect(judgeBackups({ lastBackupAtMs: undefined, verification: 'ok' }, now).health).toBe('unknown'))

  it.each([
    [true, 'OK', 'ok'],
    [true, 'WARNINGS: 2', 'warning'],
    [true, 'job errors', 'error'],
    [true, undefined, 'unknown'],
    [true, 'unknown', 'unknown'],
    [false, 'job errors', 'off'],
  ])('judges a job (enabled %s, last run %s)', (isEnabled, lastState, health) =>
    expect(judgeJob({ isEnabled, lastState }).health).toBe(health),
  )
})

describe('Kubernetes', () => {
  const metadata = { name: 'x' }
  const running = { name: 'c', ready: true, state: {} }
  it.each([
    [{ phase: 'Running', containerStatuses: [running] }, 'ok', 'Running'],
    [
      { phase: 'Running', containerStatuses: [running, { ...running, ready: false }] },
      'warning',
      'Running, 1 of 2 ready',
    ],
    [
      {
        phase: 'Running',
        containerStatuses: [{ ...running, ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      },
      'error',
      'CrashLoopBackOff',
    ],
    [
      {
        phase: 'Running',
        containerStatuses: [
          { ...running, ready: false, state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } },
        ],
      },
      'error',
      'OOMKilled',
    ],
    [
      {
        phase: 'Pending',
        containerStatuses: [{ name: 'c', state: { waiting: { reason: 'ImagePullBackOff' } } }],
      },
      'error',
      'ImagePullBackOff',
    ],
    [
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
      'warning',
      'Pending, Unschedulable',
    ],
    [{ phase: 'Failed', reason: 'Evicted' }, 'error', 'Evicted'],
    [{ phase: 'Succeeded' }, 'off', 'Completed'],
    [{ phase: 'Unknown' }, 'unknown', 'Unknown'],
    [undefined, 'unknown', 'Unknown'],
  ])('judges the pod %j', (status, health, word) =>
    expect(judgePod({ metadata, status })).toEqual({ health, status: word }),
  )

  it('judges nodes', () => {
    const ready = { type: 'Ready', status: 'True' }
    expect(judgeKubernetesNode({ metadata, status: { conditions: [ready] } })).toEqual({
      health: 'ok',
      status: 'Ready',
    })
    expect(
      judgeKubernetesNode({
        metadata,
        status: { conditions: [ready, { type: 'DiskPressure', status: 'True' }] },
      }).health,
    ).toBe('warning')
    expect(
      judgeKubernetesNode({ metadata, spec: { unschedulable: true }, status: { conditions: [ready] } })
        .status,
    ).toContain('cordoned')
    expect(
      judgeKubernetesNode({ metadata, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
        .health,
    ).toBe('error')
    expect(judgeKubernetesNode({ metadata }).health).toBe('error')
  })

  it('judges workloads and jobs', () => {
    expect(judgeWorkload({ metadata, spec: { replicas: 2 }, status: { readyReplicas: 2 } })).toMatchObject({
      health: 'ok',
      status: '2 of 2 ready',
    })
    expect(judgeWorkload({ metadata, spec: { replicas: 2 }, status: { readyReplicas: 1 } }).health).toBe(
      'warning',
    )
    expect(judgeWorkload({ metadata, spec: { replicas: 2 }, status: {} }).health).toBe('error')
    expect(judgeWorkload({ metadata, spec: { replicas: 0 } }).health).toBe('off')
    expect(judgeWorkload({ metadata, status: { desiredNumberScheduled: 4, numberReady: 4 } }).health).toBe(
      'ok',
    )
    expect(
      judgeKubernetesJob({ metadata, spec: { completions: 24 }, status: { succeeded: 18, failed: 1 } }),
    ).toEqual({ health: 'warning', status: '18 of 24 done, 1 failed' })
    expect(
      judgeKubernetesJob({
        metadata,
        status: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] },
      }).health,
    ).toBe('error')
    expect(
      judgeKubernetesJob({ metadata, status: { conditions: [{ type: 'Complete', status: 'True' }] } }).health,
    ).toBe('ok')
  })

  it('judges Ray', () => {
    expect(
      judgeRayCluster({
        metadata,
        status: { state: 'ready', desiredWorkerReplicas: 6, readyWorkerReplicas: 6 },
      }).health,
    ).toBe('ok')
    expect(
      judgeRayCluster({
        metadata,
        status: { state: 'ready', desiredWorkerReplicas: 6, readyWorkerReplicas: 4 },
      }).health,
    ).toBe('warning')
    expect(judgeRayCluster({ metadata }).status).toBe('starting')
    expect(judgeRayJob({ metadata, status: { jobStatus: 'FAILED', reason: 'AppFailed' } })).toEqual({
      health: 'error',
      status: 'FAILED, AppFailed',
    })
    expect(judgeRayJob({ metadata, status: { jobStatus: 'RUNNING' } }).health).toBe('ok')
    expect(judgeRayJob({ metadata }).health).toBe('warning')
  })
})
