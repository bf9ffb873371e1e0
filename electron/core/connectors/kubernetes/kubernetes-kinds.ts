// The kinds of objects that the inventory follows: where they live and what is read of them.
import type { z } from 'zod'
import * as shapes from './kubernetes-shapes.ts'

export interface KindSpec<T> {
  /** `/api/v1` or `/apis/<group>/<version>`. */
  base: string
  plural: string
  isNamespaced: boolean
  /** Custom resources: their absence means none, not a fault. */
  isOptional?: boolean
  fieldSelector?: string
  /** Asked for as the server's own table: names and printed cells instead of whole objects. */
  isTable?: boolean
  /** More objects than this are not kept; the oldest knowledge goes first. */
  keepAtMost?: number
  shape: z.ZodType<T>
}

const kind = <T>(spec: KindSpec<T>): KindSpec<T> => spec

export const kubernetesKinds = {
  nodes: kind({ base: '/api/v1', plural: 'nodes', isNamespaced: false, shape: shapes.nodeObject }),
  namespaces: kind({
    base: '/api/v1',
    plural: 'namespaces',
    isNamespaced: false,
    shape: shapes.namespaceObject,
  }),
  pods: kind({ base: '/api/v1', plural: 'pods', isNamespaced: true, shape: shapes.podObject }),
  deployments: kind({
    base: '/apis/apps/v1',
    plural: 'deployments',
    isNamespaced: true,
    shape: shapes.workloadObject,
  }),
  statefulSets: kind({
    base: '/apis/apps/v1',
    plural: 'statefulsets',
    isNamespaced: true,
    shape: shapes.workloadObject,
  }),
  daemonSets: kind({
    base: '/apis/apps/v1',
    plural: 'daemonsets',
    isNamespaced: true,
    shape: shapes.workloadObject,
  }),
  jobs: kind({ base: '/apis/batch/v1', plural: 'jobs', isNamespaced: true, shape: shapes.jobObject }),
  rayClusters: kind({
    base: '/apis/ray.io/v1',
    plural: 'rayclusters',
    isNamespaced: true,
    isOptional: true,
    shape: shapes.rayClusterObject,
  }),
  rayJobs: kind({
    base: '/apis/ray.io/v1',
    plural: 'rayjobs',
    isNamespaced: true,
    isOptional: true,
    shape: shapes.rayJobObject,
  }),
  warnings: kind({
    base: '/api/v1',
    plural: 'events',
    isNamespaced: true,
    fieldSelector: 'type=Warning',
    keepAtMost: 2000,
    shape: shapes.eventObject,
  }),
} as const
export type KubernetesKind = keyof typeof kubernetesKinds
/** An object of a kind, as the inventory reads it. */
export type ObjectOf<K extends KubernetesKind> = z.infer<(typeof kubernetesKinds)[K]['shape']>
