import { describe, expect, it } from 'vitest'
import { hasPrivilege, missingPrivilege, type Rights } from './rights.ts'

const held: Rights = {
  identity: 'operator@pve',
  paths: {
    '/': { 'VM.Audit': true, 'Sys.Audit': false },
    '/vms/2002': { 'VM.PowerMgmt': false },
    '/storage': { 'Datastore.Audit': true },
  },
}

describe('rights', () => {
  it.each([
    ['/vms/2001', 'VM.Audit', true],
    ['/vms/2002', 'VM.PowerMgmt', true],
    ['/vms/2002', 'VM.Audit', false],
    ['/', 'Sys.Audit', true],
    ['/nodes/node01', 'Sys.Audit', false],
    ['/storage/pbs01', 'Datastore.Audit', true],
    ['/storage/pbs01', 'VM.Audit', false],
  ])('on %s: %s is %s', (path, privilege, expected) => expect(hasPrivilege(held, path, privilege)).toBe(expected))

  it('say what is missing, and nothing while they are not known', () => {
    expect(missingPrivilege(held, '/vms/2002', 'VM.PowerMgmt', 'VM.Migrate')).toBe('operator@pve lacks the privilege VM.Migrate on /vms/2002.')
    expect(missingPrivilege(held, '/vms/2002', 'VM.PowerMgmt')).toBeNull()
    expect(missingPrivilege(undefined, '/vms/2002', 'VM.Migrate')).toBeNull()
  })
})
