import { describe, expect, it } from 'vitest'
import { averageOf, guestCurves, integralOf, loadCurve, valueAt } from './load.ts'
import { loadDemoSite } from './site.ts'

const start = Date.parse('2026-11-24T08:00:00Z')

describe('load curves', () => {
  it('are positive, smooth and the same every time', () => {
    const curve = loadCurve('cpu2002', 0.4)
    for (let minute = 0; minute < 2_000; minute++) {
      const now = valueAt(curve, start + minute * 60_000)
      const soon = valueAt(curve, start + minute * 60_000 + 1_000)
      expect(now).toBeGreaterThan(0)
      expect(Math.abs(soon - now)).toBeLessThan(0.01)
    }
    expect(valueAt(loadCurve('cpu2002', 0.4), start)).toBe(valueAt(curve, start))
    expect(valueAt(loadCurve('cpu2003', 0.4), start)).not.toBe(valueAt(curve, start))
  })

  it('integrate to what their samples add up to, so that counters and averages agree with the present value', () => {
    const curve = loadCurve('netin2002', 100_000)
    let sum = 0
    for (let second = 0; second < 3_600; second++) sum += valueAt(curve, start + second * 1_000 + 500)
    expect(integralOf(curve, start, start + 3_600_000) / sum).toBeCloseTo(1, 4)
    expect(averageOf(curve, start, start + 3_600_000)).toBeCloseTo(sum / 3_600, -1)
  })

  it('give every node about the load that the inventory says', () => {
    const site = loadDemoSite()
    const curves = guestCurves(site)
    for (const node of site.nodes) {
      const guests = site.guests.filter(
        (guest) => guest.node === node.name && guest.runtime.status === 'running',
      )
      const mean = guests.reduce(
        (sum, guest) => sum + ((curves.get(guest.vmid)?.cpu.mean ?? 0) * guest.vcpu) / node.threads,
        0.02,
      )
      expect([node.name, Math.round(mean * 100)]).toEqual([node.name, Math.round(node.sample.cpuLoad * 100)])
    }
  })
})

describe('the inventory', () => {
  it('is read whole: every guest has an address, a MAC and a place', () => {
    const site = loadDemoSite()
    expect([site.nodes.length, site.guests.length, site.templates.length, site.storages.length]).toEqual([
      7, 30, 3, 24,
    ])
    const nodes = new Set(site.nodes.map((node) => node.name))
    const macs = new Set<string>()
    for (const guest of site.guests) {
      expect(nodes).toContain(guest.node)
      for (const nic of guest.nics) {
        expect(nic.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
        expect(nic.ip).toMatch(nic.network === 'management' ? /^10\.16\.207\./ : /^10\.25\.60\./)
        macs.add(nic.mac)
      }
    }
    expect(macs.size).toBe(31)
  })
})
