// Selectors, quantities, ages and the store itself.
import { describe, expect, it } from 'vitest'
import type { KubeObject } from './kube-object.ts'
import { isSameJson, valueAt } from './kube-object.ts'
import { printDuration } from './kube-time.ts'
import { ObjectStore } from './object-store.ts'
import { parseQuantity, printBytes, printCores } from './quantity.ts'
import { matchesSelector, parseFieldSelector, parseLabelSelector } from './selectors.ts'

const object = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'a', labels },
})

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', 'lab.example/x': '' }
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['app in (db, web)', true],
    ['app notin (db,web)', false],
    ['tier,!gone', true],
    ['lab.example/x', true],
    ['lab.example/x=', true],
  ])('%s is %s', (text, is) => {
    expect(parseLabelSelector(text)(object('p', labels))).toBe(is)
  })
  it.each(['a=b=c', 'in (x)', 'a in x', '=b', 'a b', 'bad key!=x y'])('refuses %s', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(/unable to parse requirement/)
  })
  it('match expressions of specs', () => {
    const expressions = (operator: string, values?: string[]) => ({
      matchExpressions: [{ key: 'app', operator, values }],
    })
    expect(matchesSelector({ matchLabels: { app: 'web' } }, labels)).toBe(true)
    expect(matchesSelector(expressions('In', ['web']), labels)).toBe(true)
    expect(matchesSelector(expressions('NotIn', ['web']), labels)).toBe(false)
    expect(matchesSelector(expressions('Exists'), labels)).toBe(true)
    expect(matchesSelector(expressions('DoesNotExist'), labels)).toBe(false)
    expect(matchesSelector({}, labels)).toBe(true)
  })
})

describe('field selectors', () => {
  it('know the fields of a resource only', () => {
    const pod = { ...object('p'), spec: { nodeName: 'n1' }, status: { phase: 'Running' } }
    expect(
      parseFieldSelector('spec.nodeName=n1,status.phase!=Failed,metadata.namespace==a', 'pods')(pod),
    ).toBe(true)
    expect(() => parseFieldSelector('spec.nodeName=n1', 'services')).toThrow(/not supported/)
    expect(() => parseFieldSelector('spec.nodeName', 'pods')).toThrow(/invalid field selector/)
  })
})

describe('quantities and ages', () => {
  it.each([
    ['250m', 0.25],
    ['2', 2],
    ['64Gi', 64 * 2 ** 30],
    ['1234Ki', 1234 * 1024],
    ['1e3', 1000],
    ['5G', 5e9],
    ['100n', 1e-7],
  ])('%s is %d', (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value, 9)
  })
  it.each(['x', '1Xi', ''])('%j is no quantity', (text) => {
    expect(parseQuantity(text)).toBeNaN()
  })
  it('print in the shortest exact form', () => {
    expect([
      printCores(2),
      printCores(0.25),
      printBytes(160 * 2 ** 30),
      printBytes(1536),
      printBytes(0),
      printBytes(1000),
    ]).toEqual(['2', '250m', '160Gi', '1536', '0', '1000'])
  })
  it.each([
    [42, '42s'],
    [119, '119s'],
    [200, '3m20s'],
    [3_600, '60m'],
    [4 * 3_600 + 300, '4h5m'],
    [30 * 3_600, '30h'],
    [3 * 86_400 + 3_600, '3d1h'],
    [90 * 86_400, '90d'],
    [800 * 86_400, '2y70d'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(printDuration(seconds * 1000)).toBe(text)
  })
  it('compare and read JSON', () => {
    expect(isSameJson({ a: [1, { b: 2 }], c: undefined }, { a: [1, { b: 2 }] })).toBe(true)
    expect(isSameJson({ a: 1 }, { b: 1 })).toBe(false)
    expect(valueAt({ a: [{ b: 'x' }] }, 'a.0.b')).toBe('x')
    expect(valueAt({ a: 1 }, 'a.b.c')).toBeUndefined()
  })
})

describe('the store', () => {
  it('rewinds, replays and forgets', () => {
    let nowMs = 0
    const store = new ObjectStore({ nowMs: () => nowMs }, 100)
    store.create('/pods', object('one'))
    const then = store.version
    store.update('/pods', { ...object('one'), spec: { changed: true } })
    store.create('/pods', object('two'))
    store.create('/nodes', { ...object('n'), metadata: { name: 'n' } })
    store.remove('/pods', 'a', 'one')
    expect(store.listAt('/pods', then)?.map((one) => [one.metadata.name, one['spec']])).toEqual([
      ['one', undefined],
    ])
    expect(store.list('/pods').map((one) => one.metadata.name)).toEqual(['two'])
    expect(store.since('/pods', then)?.map((change) => change.kind)).toEqual(['MODIFIED', 'ADDED', 'DELETED'])
    nowMs = 6 * 60_000
    store.compact()
    expect(store.since('/pods', then)).toBeUndefined()
    expect(store.listAt('/pods', then)).toBeUndefined()
    expect(store.since('/pods', store.version)).toEqual([])
  })
  it('hands out what nobody can change, and does not bring back the gone', () => {
    const store = new ObjectStore({ nowMs: () => 0 })
    const made = store.create('/pods', object('one', { a: 'b' }))
    expect(() => Object.assign(made.metadata.labels ?? {}, { a: 'c' })).toThrow(TypeError)
    store.remove('/pods', 'a', 'one')
    expect(store.update('/pods', made)).toBeUndefined()
    expect(store.list('/pods')).toEqual([])
  })
})
