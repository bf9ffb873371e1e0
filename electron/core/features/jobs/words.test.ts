// How a job stands, in words: one row for each thing that a cluster, Ray or a machine can say.
import { describe, expect, it } from 'vitest'
import type { JobObject, JobPodObject, RayJobObject } from '../../connectors/kubernetes/kubernetes-jobs.ts'
import { describeKubernetesJob } from './describe-kubernetes-job.ts'
import { describeRayJob } from './describe-ray-job.ts'
import { describeScript, type ScriptStatus } from './describe-script.ts'
import { coreHours } from './other-jobs.ts'
import { nodeRooms, readMachine } from './target-room.ts'

const container = { name: 'job', image: 'lab/python:1', resources: { requests: { cpu: '500m' }, limits: { memory: '512Mi' } } }
const jobOf = (status: JobObject['status'], spec: Partial<JobObject['spec']> = {}): JobObject => ({
  metadata: { name: 'j' },
  spec: { completions: 1, parallelism: 1, completionMode: 'NonIndexed', suspend: false, activeDeadlineSeconds: null, template: { spec: { containers: [container] } }, ...spec } as JobObject['spec'],
  status,
})
const podOf = (status: JobPodObject['status'], index?: number): JobPodObject => ({
  metadata: { name: `j-${index ?? 'x'}`, ...(index === undefined ? {} : { annotations: { 'batch.kubernetes.io/job-completion-index': String(index) } }) },
  spec: { nodeName: 'n1', containers: [container] },
  status,
})
const ended = (reason: string, exitCode: number): JobPodObject['status'] => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed', reason: null, message: null, startTime: null,
  containerStatuses: [{ name: 'job', restartCount: 0, state: { terminated: { reason, exitCode, message: null, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T01:00:00Z' } }, lastState: null }],
})
const waiting = (reason: string, message = ''): JobPodObject['status'] => ({
  phase: 'Pending', reason: null, message: null, startTime: null, conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: null }],
  containerStatuses: [{ name: 'job', restartCount: 0, state: { waiting: { reason, message } }, lastState: null }],
})
const running: JobPodObject['status'] = { phase: 'Running', reason: null, message: null, startTime: null, containerStatuses: [{ name: 'job', restartCount: 0, state: { running: { startedAt: '2026-01-01T00:00:00Z' } }, lastState: null }] }
const failed = (reason = 'BackoffLimitExceeded'): NonNullable<JobObject['status']> => ({ active: null, ready: null, succeeded: null, failed: 1, startTime: null, completionTime: null, conditions: [{ type: 'Failed', status: 'True', reason, message: 'Job has reached the specified backoff limit', lastTransitionTime: null }] })
const active = (succeeded = 0): NonNullable<JobObject['status']> => ({ active: 1, ready: 0, succeeded, failed: null, startTime: null, completionTime: null, conditions: null })
const unschedulable = (message: string): JobPodObject['status'] => ({ phase: 'Pending', reason: null, message: null, startTime: null, conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: null }] })

describe('a Kubernetes Job', () => {
  it.each<[string, JobObject, JobPodObject[], string, string]>([
    ['without pods', jobOf(null), [], 'queued', 'queued: its pods are not made yet'],
    ['suspended', jobOf(null, { suspend: true }), [], 'queued', 'queued: it is suspended'],
    ['without room', jobOf(active()), [podOf(unschedulable('0/4 nodes are available: 1 Insufficient cpu, 3 Insufficient memory. preemption: not helpful'))], 'queued', 'queued: no node has room for it: 1 without enough cpu, 3 without enough memory'],
    ['without a GPU', jobOf(active()), [podOf(unschedulable('0/4 nodes are available: 4 Insufficient nvidia.com/gpu.'))], 'queued', 'queued: no node has room for it: 4 without a free GPU'],
    ['with an image that is not there', jobOf(active()), [podOf(waiting('ImagePullBackOff'))], 'queued', 'queued: the image lab/python:1 cannot be pulled'],
    ['without its secret', jobOf(active()), [podOf(waiting('CreateContainerConfigError', 'secret "desi" not found'))], 'queued', 'queued: its configuration is not there: secret "desi" not found'],
    ['at work', jobOf(active()), [podOf(running)], 'running', 'running'],
    ['with indexes', jobOf(active(12), { completions: 40, completionMode: 'Indexed' }), [podOf(running, 12)], 'running', 'running, 12 of 40 indexes done'],
    ['done', jobOf({ ...active(1), conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: null }] }), [podOf(ended('Completed', 0))], 'succeeded', 'succeeded'],
    ['failed by itself', jobOf(failed()), [podOf(ended('Error', 3))], 'failed', 'failed: exit code 3'],
    ['out of memory', jobOf(failed()), [podOf(ended('OOMKilled', 137))], 'failed', 'failed: OOM-killed: it used more memory than its limit of 512Mi'],
    ['out of memory in one index', jobOf(failed(), { completions: 4, completionMode: 'Indexed' }), [podOf(ended('Completed', 0), 0), podOf(ended('OOMKilled', 137), 2)], 'failed', 'failed: index 2 OOM-killed: it used more memory than its limit of 512Mi'],
    ['evicted', jobOf(failed()), [podOf({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.', startTime: null })], 'failed', 'failed: evicted: The node was low on resource: memory.'],
    ['drained', jobOf(failed()), [podOf({ ...ended('Error', 143), conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: null }] } as JobPodObject['status'])], 'failed', 'failed: evicted: its node was drained'],
    ['too slow', jobOf(failed('DeadlineExceeded'), { activeDeadlineSeconds: 60 }), [], 'failed', 'failed: it was not done within its time limit of 60 s'],
  ])('%s', (_name, job, pods, state, words) => {
    const seen = describeKubernetesJob(job, pods)
    expect([seen.state, seen.words]).toEqual([state, words])
  })

  it('counts the cores that its pods held', () => {
    const { parts, cores } = describeKubernetesJob(jobOf(active()), [podOf(ended('Completed', 0), 0), podOf(ended('Completed', 0), 1)])
    expect(cores).toBe(0.5)
    expect(coreHours(cores, parts, Date.parse('2026-01-01T00:00:00Z'), null, 'kubernetes-job')).toBe(1)
  })
})

describe('a RayJob', () => {
  const rayOf = (jobDeploymentStatus: string, jobStatus: string, more: Partial<NonNullable<RayJobObject['status']>> = {}): RayJobObject => ({
    metadata: { name: 'r' },
    spec: { entrypoint: 'python main.py', activeDeadlineSeconds: 60, rayClusterSpec: null },
    status: { jobDeploymentStatus, jobStatus, reason: null, message: null, jobId: 'r', rayClusterName: 'c', startTime: null, endTime: null, ...more },
  })
  it.each<[string, RayJobObject, JobPodObject[], string, string]>([
    ['not begun', rayOf('', ''), [], 'queued', 'queued: the operator has not begun'],
    ['waits for its cluster', rayOf('Initializing', ''), [podOf(running), podOf(running, 1)], 'queued', 'queued: the Ray cluster starts (2 of 2 pods running)'],
    ['at work', rayOf('Running', 'RUNNING'), [], 'running', 'running on Ray'],
    ['done', rayOf('Complete', 'SUCCEEDED'), [], 'succeeded', 'succeeded'],
    ['stopped', rayOf('Complete', 'STOPPED'), [], 'stopped', 'stopped'],
    ['failed', rayOf('Failed', 'FAILED', { message: 'Job entrypoint command failed with exit code 1, last available logs: x' }), [], 'failed', 'failed: exit code 1'],
    ['killed', rayOf('Failed', 'FAILED', { message: 'Job entrypoint command failed with exit code 137' }), [], 'failed', 'failed: killed, out of memory'],
    ['a worker out of memory', rayOf('Failed', 'FAILED', { message: 'exit code 1' }), [podOf(ended('OOMKilled', 137))], 'failed', 'failed: OOM-killed: it used more memory than its limit of 512Mi'],
    ['too slow', rayOf('Failed', '', { reason: 'DeadlineExceeded' }), [], 'failed', 'failed: it was not done within its time limit of 60 s'],
    ['without a word of Ray', rayOf('Complete', ''), [], 'unknown', 'ended, but Ray did not say how'],
  ])('%s', (_name, job, pods, state, words) => {
    const seen = describeRayJob(job, pods)
    expect([seen.state, seen.words]).toEqual([state, words])
  })
})

describe('a script', () => {
  it.each<[Partial<ScriptStatus>, string, string]>([
    [{ state: 'not-started' }, 'not-sent', 'not started: the run directory is there, the script was not begun'],
    [{ state: 'running' }, 'running', 'running'],
    [{ state: 'ended', exitCode: 0 }, 'succeeded', 'succeeded'],
    [{ state: 'ended', exitCode: 2 }, 'failed', 'failed: exit code 2'],
    [{ state: 'ended', exitCode: 1, reason: 'out-of-memory' }, 'failed', 'failed: out of memory (limit 256 MiB)'],
    [{ state: 'ended', exitCode: 143, reason: 'time-limit' }, 'failed', 'failed: it was not done within its time limit'],
    [{ state: 'ended', exitCode: 143, reason: 'stopped' }, 'stopped', 'stopped'],
    [{ state: 'lost' }, 'failed', 'failed: the machine was restarted, or the supervisor was killed'],
  ])('%o', (status, state, words) => {
    const seen = describeScript({ logBytes: 0, ...status } as ScriptStatus, 1, 256)
    expect([seen.state, seen.words]).toEqual([state, words])
  })
})

describe('room', () => {
  it('is what nodes give less what pods ask, on nodes that take pods', () => {
    const node = (name: string, more: object = {}) => ({ metadata: { name }, spec: {}, status: { allocatable: { cpu: '8', memory: '16Gi', 'nvidia.com/gpu': '1' }, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: null }] }, ...more })
    const rooms = nodeRooms([node('n1'), node('n2', { spec: { unschedulable: true } })], [podOf(running), podOf(running)])
    expect(rooms.map(({ free }) => free)).toEqual([{ cores: 7, memoryBytes: 16 * 2 ** 30, gpus: 1 }])
  })

  it('of a machine is read from what it prints; a busy card is not free', () => {
    const text = '16\n1.50 1.20 1.10 2/611 48213\nMemTotal:       65536000 kB\nMemAvailable:   32768000 kB\n/usr/bin/python3\nNVIDIA RTX A4000, 16376, 8800, 55\n'
    const target = readMachine(text, { connectionId: 'c' as never, label: 'gpu', atMs: 0 })
    expect(target).toMatchObject({ state: 'ready', cores: { free: 14.5, total: 16 }, gpus: { free: 0, total: 1 } })
    expect(readMachine('', { connectionId: 'c' as never, label: 'gpu', atMs: 0 })).toMatchObject({ state: 'unsupported', cores: null, memoryBytes: null })
  })
})
