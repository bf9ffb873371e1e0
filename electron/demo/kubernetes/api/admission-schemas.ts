// What the demo API server demands of the kinds its controllers act on, and the defaults it fills in. One zod schema
// a kind; unknown fields pass through. Only admission uses these; stored objects are not parsed again.
import { z } from 'zod'

const labels = z.record(z.string(), z.string())
const needs = z.looseObject({
  requests: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  limits: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
})

const container = z.looseObject({
  name: z.string().min(1),
  image: z.string().min(1),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).optional(),
  ports: z
    .array(
      z.looseObject({
        containerPort: z.number().int().min(1).max(65_535),
        protocol: z.string().default('TCP'),
      }),
    )
    .optional(),
  resources: needs.default({}),
  imagePullPolicy: z.string().default('IfNotPresent'),
  terminationMessagePath: z.string().default('/dev/termination-log'),
  terminationMessagePolicy: z.string().default('File'),
})

const podSpec = z.looseObject({
  containers: z.array(container).min(1),
  initContainers: z.array(container).optional(),
  nodeName: z.string().optional(),
  nodeSelector: labels.optional(),
  hostNetwork: z.boolean().optional(),
  tolerations: z.array(z.looseObject({})).optional(),
  volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).default('Always'),
  dnsPolicy: z.string().default('ClusterFirst'),
  schedulerName: z.string().default('default-scheduler'),
  serviceAccountName: z.string().default('default'),
  terminationGracePeriodSeconds: z.number().int().min(0).default(30),
  securityContext: z.looseObject({}).default({}),
  enableServiceLinks: z.boolean().default(true),
})

const template = z.looseObject({
  metadata: z.looseObject({ labels: labels.optional(), annotations: labels.optional() }).default({}),
  spec: podSpec,
})
const selector = z.looseObject({
  matchLabels: labels.optional(),
  matchExpressions: z.array(z.unknown()).optional(),
})
const count = z.number().int().min(0)

const deploymentSpec = z.looseObject({
  replicas: count.default(1),
  selector,
  template,
  revisionHistoryLimit: count.default(10),
  progressDeadlineSeconds: count.default(600),
  strategy: z
    .looseObject({ type: z.string() })
    .default({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } }),
})

const jobSpec = z.looseObject({
  parallelism: count.default(1),
  completions: count.optional(),
  backoffLimit: count.default(6),
  suspend: z.boolean().default(false),
  completionMode: z.string().default('NonIndexed'),
  selector: selector.optional(),
  template,
})

const cronJobSpec = z.looseObject({
  schedule: z.string().regex(/^(\S+\s+){4}\S+$|^@\w+$/, 'a schedule of five fields'),
  suspend: z.boolean().default(false),
  concurrencyPolicy: z.enum(['Allow', 'Forbid', 'Replace']).default('Allow'),
  successfulJobsHistoryLimit: count.default(3),
  failedJobsHistoryLimit: count.default(1),
  jobTemplate: z.looseObject({ metadata: z.looseObject({}).optional(), spec: jobSpec }),
})

const serviceSpec = z.looseObject({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).default('ClusterIP'),
  clusterIP: z.string().optional(),
  selector: labels.optional(),
  ports: z
    .array(
      z.looseObject({
        name: z.string().optional(),
        port: z.number().int().min(1).max(65_535),
        protocol: z.string().default('TCP'),
        targetPort: z.union([z.string(), z.number()]).optional(),
      }),
    )
    .optional(),
  sessionAffinity: z.string().default('None'),
  internalTrafficPolicy: z.string().default('Cluster'),
  ipFamilies: z.array(z.string()).default(['IPv4']),
  ipFamilyPolicy: z.string().default('SingleStack'),
})

const rayClusterSpec = z.looseObject({
  rayVersion: z.string().optional(),
  suspend: z.boolean().optional(),
  headGroupSpec: z.looseObject({ template, rayStartParams: labels.default({}) }),
  workerGroupSpecs: z
    .array(
      z.looseObject({
        groupName: z.string().min(1),
        replicas: count.default(0),
        minReplicas: count.default(0),
        maxReplicas: count.default(2_147_483_647),
        numOfHosts: count.default(1),
        rayStartParams: labels.default({}),
        template,
      }),
    )
    .default([]),
})

/** Schemas of `spec` by store key. */
export const specSchemas: Record<string, z.ZodType> = {
  '/pods': podSpec,
  'apps/deployments': deploymentSpec,
  'apps/replicasets': z.looseObject({ replicas: count.default(1), selector, template }),
  'apps/statefulsets': z.looseObject({
    replicas: count.default(1),
    serviceName: z.string().default(''),
    podManagementPolicy: z.string().default('OrderedReady'),
    selector,
    template,
    updateStrategy: z.looseObject({}).default({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } }),
    revisionHistoryLimit: count.default(10),
  }),
  'apps/daemonsets': z.looseObject({
    selector,
    template,
    updateStrategy: z
      .looseObject({})
      .default({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }),
    revisionHistoryLimit: count.default(10),
  }),
  'batch/jobs': jobSpec,
  'batch/cronjobs': cronJobSpec,
  '/services': serviceSpec,
  '/nodes': z.looseObject({ unschedulable: z.boolean().optional() }).default({}),
  '/namespaces': z.looseObject({ finalizers: z.array(z.string()).default(['kubernetes']) }).prefault({}),
  '/persistentvolumeclaims': z.looseObject({
    accessModes: z.array(z.string()).min(1),
    resources: needs,
    storageClassName: z.string().optional(),
    volumeMode: z.string().default('Filesystem'),
  }),
  'ray.io/rayclusters': rayClusterSpec,
  'ray.io/rayjobs': z.looseObject({
    entrypoint: z.string().optional(),
    rayClusterSpec: rayClusterSpec.optional(),
    clusterSelector: labels.optional(),
    submissionMode: z.string().default('K8sJobMode'),
    shutdownAfterJobFinishes: z.boolean().default(false),
    ttlSecondsAfterFinished: z.number().default(0),
    backoffLimit: z.number().default(0),
    suspend: z.boolean().optional(),
  }),
  'apiextensions.k8s.io/customresourcedefinitions': z.looseObject({
    group: z.string().min(1),
    scope: z.enum(['Namespaced', 'Cluster']),
    names: z.looseObject({ kind: z.string().min(1), plural: z.string().min(1) }),
    versions: z.array(z.looseObject({ name: z.string(), served: z.boolean(), storage: z.boolean() })).min(1),
  }),
}

/** Kinds whose labels in the template must satisfy their own selector. */
export const selectingKinds = ['apps/deployments', 'apps/replicasets', 'apps/statefulsets', 'apps/daemonsets']

/** Status that a new object of a kind starts with. */
export const firstStatus: Record<string, Record<string, unknown>> = {
  '/pods': { phase: 'Pending', qosClass: 'BestEffort' },
  '/namespaces': { phase: 'Active' },
  '/persistentvolumeclaims': { phase: 'Pending' },
  '/persistentvolumes': { phase: 'Available' },
  'apps/deployments': {},
  'apps/replicasets': { replicas: 0 },
  'apps/statefulsets': { replicas: 0, availableReplicas: 0 },
  'apps/daemonsets': {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  },
  'batch/jobs': {},
  'batch/cronjobs': {},
  '/services': { loadBalancer: {} },
}
