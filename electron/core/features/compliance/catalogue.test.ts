import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { loadCatalogue } from './catalogue.ts'

const resources = fileURLToPath(new URL('../../../../resources/', import.meta.url))
const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

/** The shipped data with one text changed. */
function changed(file: string, from: string, to: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'))
  folders.push(folder)
  cpSync(join(resources, 'compliance'), join(folder, 'compliance'), { recursive: true })
  const path = join(folder, 'compliance', file)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
  return folder
}

describe('the shipped catalogue', () => {
  const catalogue = loadCatalogue(resources)
  it('holds 18 controls, 153 safeguards in groups of 56, 130 and 153, and 189 checks', () => {
    const { controls, safeguards } = catalogue.framework
    expect(controls).toHaveLength(18)
    expect(safeguards).toHaveLength(153)
    expect([1, 2, 3].map((group) => safeguards.filter((one) => one.group <= group).length)).toEqual([56, 130, 153])
    expect(catalogue.checks).toHaveLength(189)
    expect(new Set(catalogue.checks.flatMap(({ data }) => data.safeguards)).size).toBe(73)
  })
  it('orders checks after those they need', () => {
    const place = new Map(catalogue.checks.map(({ id }, index) => [id, index]))
    for (const check of catalogue.checks)
      for (const id of check.needs) expect(place.get(id)!).toBeLessThan(place.get(check.id)!)
  })
  it('asks nothing that could change a system', () => {
    for (const { text } of catalogue.checks.flatMap(({ probes }) => probes)) {
      expect(text).toMatch(/^(GET |SHOW |SELECT |\$ |TLS handshakes|Newest imported)/)
      expect(text).not.toMatch(/(?<![\w/.-])(rm|mkfs|dd|shutdown|reboot|kill|tee|INSERT|UPDATE|DELETE|DROP|ALTER)(?![\w-])/)
    }
  })
})

describe('a catalogue with a fault', () => {
  it.each([
    ['checks/proxmox.yaml', 'isActiveUser(u)', 'isActiveUsr(u)', 'There is no function “isActiveUsr”'],
    ['checks/proxmox.yaml', 'tfa.exists(t,', 'tfaa.exists(t,', 'There is nothing called “tfaa”'],
    ['checks/proxmox.yaml', "passes('PVE-FW-01')", "passes('PVE-FW-99')", 'not among “needs”'],
    ['checks/proxmox.yaml', "'serviceUsers'", "'serviceUser'", 'names no known list'],
    ['checks/proxmox.yaml', '"6.5"', '"6.9"', 'There is no safeguard 6.9'],
    ['checks/postgresql.yaml', 'severity: critical', 'severity: dire', 'postgresql.yaml'],
    ['checks/linux.yaml', 'says:', 'sayz:', 'linux.yaml'],
  ])('%s with %s as %s is not loaded', (file, from, to, message) => {
    expect(() => loadCatalogue(changed(file, from, to))).toThrow(message)
  })
})
