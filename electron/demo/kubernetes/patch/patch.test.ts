// The four ways of patching, on plain values.
import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../storage/kube-object.ts'
import { jsonPatch, mergePatch } from './merge-patch.ts'
import { fieldsOf, serverSideApply } from './server-side-apply.ts'
import { strategicMerge } from './strategic-merge.ts'

describe('merge patch (the examples of RFC 7386)', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result)
  })
})

describe('JSON patch', () => {
  const start = { a: [1, 2], 'x/y': { '~': 1 } }
  it('knows all operations', () => {
    const steps = [
      { op: 'add', path: '/a/1', value: 9 },
      { op: 'add', path: '/a/-', value: 3 },
      { op: 'replace', path: '/a/0', value: 0 },
      { op: 'remove', path: '/x~1y/~0' },
      { op: 'copy', from: '/a/1', path: '/b' },
      { op: 'move', from: '/b', path: '/c' },
      { op: 'test', path: '/c', value: 9 },
    ]
    expect(jsonPatch(start, steps)).toEqual({ a: [0, 9, 2, 3], 'x/y': {}, c: 9 })
    expect(start).toEqual({ a: [1, 2], 'x/y': { '~': 1 } })
  })
  it.each([
    [[{ op: 'remove', path: '/none' }], /missing/],
    [[{ op: 'replace', path: '/none', value: 1 }], /missing/],
    [[{ op: 'test', path: '/a', value: 1 }], /failed/],
    [[{ op: 'add', path: '/a/7', value: 1 }], /out of bounds/],
    [[{ op: 'add', path: '/no/where', value: 1 }], /missing path/],
    [[{ op: 'grow', path: '/a' }], /unexpected kind/],
    [[{ op: 'add', path: '/__proto__', value: 1 }], /__proto__/],
    [[{ path: '/a' }], /needs op and path/],
    [{}, /array/],
  ])('refuses %j', (patch, sentence) => {
    expect(() => jsonPatch(start, patch)).toThrow(sentence)
  })
})

describe('strategic merge', () => {
  const pod = {
    containers: [
      { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: 'b:1' },
    ],
    finalizers: ['f'],
    args: ['p', 'q'],
  }
  it('merges named lists, replaces plain ones, unites sets', () => {
    const patch = {
      containers: [
        { name: 'b', image: 'b:2' },
        { name: 'c', image: 'c:1' },
      ],
      finalizers: ['g'],
      args: ['r'],
    }
    expect(strategicMerge(pod, patch)).toEqual({
      containers: [pod.containers[0], { name: 'b', image: 'b:2' }, { name: 'c', image: 'c:1' }],
      finalizers: ['f', 'g'],
      args: ['r'],
    })
  })
  it('follows its directives', () => {
    expect(strategicMerge(pod, { containers: [{ name: 'a', $patch: 'delete' }] })).toMatchObject({
      containers: [{ name: 'b' }],
    })
    expect(strategicMerge(pod, { containers: [{ $patch: 'replace' }, { name: 'z' }] })).toMatchObject({
      containers: [{ name: 'z' }],
    })
    expect(strategicMerge(pod, { '$deleteFromPrimitiveList/finalizers': ['f'] })).toMatchObject({
      finalizers: [],
    })
    expect(
      strategicMerge(
        { strategy: { type: 'Recreate', old: 1 } },
        { strategy: { $retainKeys: ['type'], type: 'RollingUpdate' } },
      ),
    ).toEqual({ strategy: { type: 'RollingUpdate' } })
  })
})

describe('server-side apply', () => {
  const map = (data: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'm' },
    data,
  })
  const options = (manager: string, force = false) => ({ manager, force, time: '2026-01-01T00:00:00Z' })
  it('notes fields in the upstream form', () => {
    expect(fieldsOf({ spec: { containers: [{ name: 'a', image: 'x' }] } })).toEqual({
      'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
    })
  })
  it('drops what a manager no longer applies, unless another one keeps it', () => {
    const first = serverSideApply(undefined, map({ a: '1', b: '1' }), options('one'))
    const shared = serverSideApply(first, map({ b: '1' }), options('two'))
    expect(serverSideApply(shared, map({}), options('one'))['data']).toEqual({ b: '1' })
  })
  it('refuses to take a field over without force, and takes it with', () => {
    const first = serverSideApply(undefined, map({ a: '1' }), options('one'))
    expect(() => serverSideApply(first, map({ a: '2' }), options('two'))).toThrow(
      'Apply failed with 1 conflict: conflict with "one": .data.a',
    )
    const taken = serverSideApply(first, map({ a: '2' }), options('two', true))
    expect(taken['data']).toEqual({ a: '2' })
    expect(serverSideApply(taken, map({ a: '3' }), options('two'))['data']).toEqual({ a: '3' })
  })
})
