import { describe, expect, it } from 'vitest'
import { explainPod, type PodCase, type ToldEvent } from './kubernetes-explain.ts'
import { explainObject, explainRefusal } from './kubernetes-explain-others.ts'
import { explainUnschedulable } from './kubernetes-scheduling.ts'

const nowMs = Date.parse('2026-07-21T10:00:00Z')
const event = (reason: string, message: string, type = 'Warning'): ToldEvent => ({ type, reason, message, lastAtMs: nowMs - 1000 })

function pod(extra: { status?: object; spec?: object; metadata?: object } = {}) {
  return {
    metadata: { name: 'p', namespace: 'n', ...extra.metadata },
    spec: { nodeName: 'k1', containers: [{ name: 'main', image: 'img:1', resources: { limits: { memory: '2Gi' } } }], ...extra.spec },
    status: { phase: 'Pending', ...extra.status },
  }
}
const withState = (state: object, more: object = {}) =>
  pod({ status: { phase: 'Running', containerStatuses: [{ name: 'main', image: 'img:1', ready: false, restartCount: 4, state, ...more }] } })
const first = (podCase: Partial<PodCase> & { pod: unknown }): string => explainPod({ events: [], nowMs, ...podCase })[0]?.what ?? ''

describe('why a pod does not run', () => {
  const cases: Array<[string, Partial<PodCase> & { pod: unknown }, RegExp]> = [
    ['runs', { pod: withState({ running: { startedAt: 'x' } }, { ready: true }) }, /^$/],
    ['ended well', { pod: pod({ status: { phase: 'Succeeded' } }) }, /^$/],
    ['nobody looked', { pod: pod({ spec: { nodeName: '' } }) }, /No scheduler has looked/],
    [
      'crash loop by memory',
      { pod: withState({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }) },
      /main crashes again and again \(4 restarts\).*more memory than its limit of 2Gi/,
    ],
    [
      'crash loop by exit code',
      { pod: withState({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 3, reason: 'Error' } } }) },
      /failed with exit code 3\./,
    ],
    [
      'crash loop of what ends well',
      { pod: withState({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 0, reason: 'Completed' } } }) },
      /ended without an error/,
    ],
    [
      'command not found',
      { pod: withState({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 127, reason: 'Error' } } }) },
      /command was not found in the image/,
    ],
    ['killed now', { pod: withState({ terminated: { exitCode: 137, reason: 'OOMKilled' } }) }, /^The container main ended: the kernel killed it/],
    ['image is absent', { pod: withState({ waiting: { reason: 'ImagePullBackOff', message: 'manifest unknown' } }) }, /registry does not have/],
    ['image is refused', { pod: withState({ waiting: { reason: 'ErrImagePull', message: 'unauthorized' } }) }, /registry does not give/],
    ['registry is far', { pod: withState({ waiting: { reason: 'ErrImagePull', message: 'dial tcp: lookup reg: no such host' } }) }, /cannot reach the registry/],
    ['why is in an event', { pod: withState({ waiting: { reason: 'ImagePullBackOff' } }), events: [event('Failed', 'x509: unknown authority')] }, /does not trust the registry/],
    ['image name', { pod: withState({ waiting: { reason: 'InvalidImageName' } }) }, /names an image that cannot be one/],
    ['config map', { pod: withState({ waiting: { reason: 'CreateContainerConfigError', message: 'configmap "settings" not found' } }) }, /cannot be made: configmap "settings" not found/],
    ['runtime', { pod: withState({ waiting: { reason: 'RunContainerError', message: 'exec: "x": executable file not found' } }) }, /could not be started/],
    [
      'init container first',
      { pod: pod({ status: { initContainerStatuses: [{ name: 'setup', restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } }] } }) },
      /^The init container setup crashes/,
    ],
    ['claim is absent', { pod: pod(), claims: { data: null } }, /claim data, which does not exist/],
    ['claim is pending', { pod: pod(), claims: { data: 'Pending' } }, /claim data, which is pending/],
    ['claim is bound', { pod: withState({ running: { startedAt: 'x' } }, { ready: true }), claims: { data: 'Bound' } }, /^$/],
    ['volume', { pod: withState({ waiting: { reason: 'ContainerCreating' } }), events: [event('FailedMount', 'MountVolume.SetUp failed: secret "key" not found')] }, /the secret key does not exist/],
    ['volume elsewhere', { pod: withState({ waiting: { reason: 'ContainerCreating' } }), events: [event('FailedAttachVolume', 'Multi-Attach error for volume')] }, /still attached to another node/],
    ['network', { pod: withState({ waiting: { reason: 'ContainerCreating' } }), events: [event('FailedCreatePodSandBox', 'no free IP')] }, /network could not be set up: no free IP/],
    ['probe', { pod: withState({ running: { startedAt: 'x' } }), events: [event('Unhealthy', 'Readiness probe failed: 503')] }, /It runs, but main is not ready: Readiness probe failed: 503/],
    ['evicted', { pod: pod({ status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory' } }) }, /evicted it: The node was low on resource: memory\./],
    ['deadline', { pod: pod({ status: { phase: 'Failed', reason: 'DeadlineExceeded' } }) }, /activeDeadlineSeconds/],
    ['preempted', { pod: pod({ status: { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] } }) }, /higher priority/],
    ['going', { pod: pod({ metadata: { deletionTimestamp: '2026-07-21T09:59:50Z' }, status: { phase: 'Running' } }) }, /given time to end/],
    ['stuck', { pod: pod({ metadata: { deletionTimestamp: '2026-07-21T09:00:00Z' }, status: { phase: 'Running' } }) }, /should have been gone 1 h ago/],
    ['held', { pod: pod({ metadata: { deletionTimestamp: '2026-07-21T09:59:50Z', finalizers: ['x/y'] }, status: { phase: 'Running' } }) }, /waits for x\/y/],
    ['gated', { pod: pod({ spec: { schedulingGates: [{ name: 'queue' }] }, status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } }) }, /held back by queue/],
    ['unschedulable without words', { pod: pod({ status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] } }) }, /No node can take it yet/],
  ]
  it.each(cases)('%s', (_name, podCase, words) => expect(first(podCase)).toMatch(words))
})

describe('why no node takes it', () => {
  const gpuPod = pod({ spec: { containers: [{ name: 'main', resources: { requests: { 'nvidia.com/gpu': '2', cpu: '4' } } }], nodeSelector: { gpu: 'yes' } } })
  const cases: Array<[string, string[]]> = [
    ['0/4 nodes are available: 4 Insufficient nvidia.com/gpu. preemption: 0/4 nodes are available: 4 No preemption victims found.', ['None of the 4 nodes can take it. 4 nodes have not enough free GPUs (it asks for 2).']],
    [
      "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 Insufficient cpu.",
      ['None of the 4 nodes can take it. One node is kept for the control plane.', '3 nodes have not enough free CPU (it asks for 4).'],
    ],
    ["0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", ['None of the 3 nodes can take it. 3 nodes do not have the labels that it wants (gpu=yes).']],
    ['0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory.', ['None of the 3 nodes can take it. One node is cordoned.', '2 nodes have not enough free memory.']],
    ['0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.', ['None of the 2 nodes can take it. It needs a persistent volume claim that is not bound yet.']],
    ['0/2 nodes are available: persistentvolumeclaim "data" not found.', ['None of the 2 nodes can take it. It needs the claim data, which does not exist.']],
    ['0/2 nodes are available: 2 Too many pods.', ['None of the 2 nodes can take it. 2 nodes hold as many pods as they may.']],
    ['0/2 nodes are available: 2 node(s) had volume node affinity conflict.', ['None of the 2 nodes can take it. 2 nodes cannot reach its volume.']],
    ["0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", ['None of the 2 nodes can take it. 2 nodes already run a pod that it must not stand beside.']],
    ['something new', ['No node can take it. something new.']],
  ]
  it.each(cases)('%s', (message, words) => expect(explainUnschedulable(gpuPod, message).map((item) => item.what)).toEqual(words))
})

describe('what is refused', () => {
  const cases: Array<[string, RegExp]> = [
    ['pods "x" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4', /quota gpu of the namespace is used up: it asks for requests.nvidia.com\/gpu=2/],
    ['pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: main', /quota compute wants every pod to say/],
    ['pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', /Pod Security \(restricted:latest\) refuses it: runAsNonRoot/],
    ['admission webhook "check.io" denied the request: no label team', /webhook check.io refuses it: no label team/],
    ['Internal error occurred: failed calling webhook "w.io": Post "https://x": connection refused', /webhook w.io does not answer/],
    ['error looking up service account n/s: serviceaccount "s" not found', /service account s does not exist/],
    ['pods "x" is forbidden: maximum cpu usage per Container is 4, but limit is 8', /limit range of the namespace refuses it/],
    ['surprise', /cannot be made: surprise/],
  ]
  it.each(cases)('%s', (message, words) => expect(explainRefusal(message).what).toMatch(words))
})

describe('why something else is not well', () => {
  const what = (kind: string, object: object, events: ToldEvent[] = []): string => explainObject({ kind, object: { metadata: {}, ...object }, events, nowMs })[0]?.what ?? ''
  it('tells jobs', () => {
    const failed = { spec: { backoffLimit: 2 }, status: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] } }
    expect(what('Job', failed)).toContain('backoffLimit of 2')
    expect(what('Job', { spec: { suspend: true } })).toBe('It is suspended.')
    expect(what('Job', { spec: {}, status: { succeeded: 1 } })).toBe('')
  })
  it('tells workloads by the events of what they make', () =>
    expect(what('Deployment', { spec: {} }, [event('FailedCreate', 'exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5')])).toContain('quota q'))
  it('tells a rollout that is stuck', () =>
    expect(what('Deployment', { status: { conditions: [{ type: 'Progressing', status: 'False', message: 'ReplicaSet "x" has timed out progressing.' }] } })).toContain('does not go on'))
  it('tells claims', () => {
    expect(what('PersistentVolumeClaim', { status: { phase: 'Pending' } }, [event('WaitForFirstConsumer', 'waiting')])).toContain('waits for a pod')
    expect(what('PersistentVolumeClaim', { status: { phase: 'Lost' } })).toContain('volume is gone')
    expect(what('PersistentVolumeClaim', { status: { phase: 'Bound' } })).toBe('')
  })
  it('tells nodes', () => {
    expect(what('Node', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })).toContain('stopped reporting')
    expect(what('Node', { status: { conditions: [{ type: 'DiskPressure', status: 'True' }] } })).toContain('disk space')
    expect(what('Node', { spec: { unschedulable: true } })).toContain('cordoned')
  })
})
