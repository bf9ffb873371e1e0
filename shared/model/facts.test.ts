import { describe, expect, it } from 'vitest'
import { factLabel, formatFact } from './facts.ts'
import { formatAge, formatBytes, formatCount, formatDuration, formatPercent } from './quantities.ts'

describe('facts as people read them', () => {
  it.each([
    ['memoryTotalBytes', 'Memory total'],
    ['lastBackupAtMs', 'Last backup'],
    ['cpuFraction', 'CPU'],
    ['vmid', 'VMID'],
    ['kubeletVersion', 'Kubelet version'],
  ])('%s is called %s', (key, label) => expect(factLabel(key)).toBe(label))

  it('shows the unit that the key names', () => {
    expect(formatFact('memoryTotalBytes', 94 * 1024 ** 3)).toBe('94.0 GiB')
    expect(formatFact('cpuFraction', 0.318)).toBe('32 %')
    expect(formatFact('uptimeSeconds', 93_784)).toBe('1 d 2 h')
    expect(formatFact('port', 42117)).toBe('42117')
    expect(formatFact('vmid', 2002)).toBe('2002')
    expect(formatFact('backupCount', 12345)).toBe('12\u202f345')
    expect(formatFact('tags', [])).toBe('—')
    expect(formatFact('anything', null)).toBe('—')
  })
})

describe('quantities', () => {
  it('never shows nonsense for what is missing', () => {
    expect([formatBytes(null), formatBytes(-1), formatBytes(NaN), formatPercent(undefined), formatDuration(null)]).toEqual(['—', '—', '—', '—', '—'])
  })
  it('grows its units', () => {
    expect([formatBytes(0), formatBytes(1023), formatBytes(1024), formatBytes(1.5 * 1024 ** 4)]).toEqual(['0 B', '1023 B', '1.00 KiB', '1.50 TiB'])
    expect([formatDuration(12), formatDuration(1500), formatDuration(61_000), formatDuration(3_600_000)]).toEqual(['12 ms', '1.5 s', '1 min 1 s', '1 h'])
    expect([formatAge(500), formatAge(59_000), formatAge(3_599_000), formatAge(49 * 3_600_000)]).toEqual(['just now', '59 s ago', '59 min ago', '2 d ago'])
    expect(formatCount(39627652591521181n)).toBe('39\u202f627\u202f652\u202f591\u202f521\u202f181')
  })
})
