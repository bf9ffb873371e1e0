import { describe, expect, it } from 'vitest'
import { checkRequest, checkResponse, findOperation, loadApiDescription } from './api-description.ts'

const pve = loadApiDescription('pve')
const pbs = loadApiDescription('pbs')
const reason = pve && pbs ? '' : ' (skipped: no API descriptions beside this checkout)'

describe.skipIf(!pve || !pbs)(`checks against the official descriptions${reason}`, () => {
  it('finds literals before variables, with or without the base path', () => {
    expect(
      pve && findOperation(pve, 'GET', '/api2/json/nodes/n1/qemu/100/status/current')?.operation.path,
    ).toBe('/nodes/{node}/qemu/{vmid}/status/current')
    expect(pve && findOperation(pve, 'PATCH', '/version')).toBeUndefined()
  })

  it.each([
    ['a missing parameter', 'POST', '/nodes/n1/qemu/100/snapshot', {}, /snapname is missing/],
    ['an unknown parameter', 'GET', '/cluster/resources', { kind: 'vm' }, /unknown parameter kind/],
    ['a value out of the enumeration', 'GET', '/cluster/resources', { type: 'guest' }, /enumeration/],
    ['a text for a number', 'GET', '/nodes/n1/tasks', { limit: 'ten' }, /no number/],
    ['a malformed node', 'GET', '/nodes/n%20%201/status', {}, /pve-node/],
    ['a bad property string', 'PUT', '/nodes/n1/qemu/100/config', { net0: 'virtio,speed=9' }, /unknown part/],
    ['an unknown path', 'GET', '/nodes/n1/nothing', {}, /no such operation/],
  ])('refuses %s', (_name, method, path, parameters, problem) => {
    expect(pve && checkRequest(pve, method, path, parameters).join('\n')).toMatch(problem)
  })

  it('accepts families, aliases, flags and lists in every form the wire has', () => {
    const config = { net3: 'virtio=02:00:00:00:00:01,bridge=vmbr0', onboot: 'yes', cores: '4' }
    expect(pve && checkRequest(pve, 'PUT', '/nodes/n1/qemu/100/config', config)).toEqual([])
    expect(
      pve && checkRequest(pve, 'POST', '/nodes/n1/vzdump', { vmid: '100,101', protected: 1, storage: 'pbs' }),
    ).toEqual([])
  })

  it('tells the booleans of the two products apart in answers', () => {
    const row = { realm: 'pam', type: 'pam', comment: 'x' }
    expect(pbs && checkResponse(pbs, 'GET', '/access/domains', [{ ...row, default: 1 }])).toHaveLength(1)
    expect(pbs && checkResponse(pbs, 'GET', '/access/domains', [{ ...row, default: true }])).toEqual([])
    const guest = { vmid: 100, status: 'running', template: true }
    expect(pve && checkResponse(pve, 'GET', '/nodes/n1/qemu', [guest])).toHaveLength(1)
    expect(
      pve && checkResponse(pve, 'GET', '/nodes/n1/qemu', [{ ...guest, template: 1, maxmem: '12' }]),
    ).toEqual([])
    expect(pve && checkResponse(pve, 'GET', '/nodes/n1/qemu', {})).toEqual([
      expect.stringContaining('no array'),
    ])
  })
})
