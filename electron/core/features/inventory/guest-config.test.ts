import { describe, expect, it } from 'vitest'
import { parseGuestConfig } from './guest-config.ts'
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import { subnetOf } from './observe-proxmox-networks.ts'
import { steadyFacts } from './steady-facts.ts'

describe('parseGuestConfig', () => {
  it('reads a virtual machine', () => {
    const config = parseGuestConfig({
      agent: '1,fstrim_cloned_disks=1',
      hostpci0: '0000:08:00,pcie=1',
      hostpci1: 'mapping=rtx-a4000,pcie=1',
      ide2: 'local:iso/debian.iso,media=cdrom',
      ipconfig0: 'ip=10.25.60.8/24,gw=10.25.60.1',
      meta: 'creation-qemu=9.0.2,ctime=1735689600',
      net0: 'virtio=02:60:00:07:D2:00,bridge=vmbr1,firewall=1,tag=60',
      net1: 'e1000=02:60:00:07:D2:01,bridge=vmbr0',
      onboot: 1,
      ostype: 'l26',
      scsi0: 'nvmethin01:vm-2002-disk-0,discard=on,size=32G',
      scsi1: 'nvmethin01:vm-2002-disk-1,backup=0,size=250G',
      scsihw: 'virtio-scsi-single',
      smbios1: 'uuid=FEE97B73-2F1E-4EF0-B940-1F4EFF9656CD',
    })
    expect(config.nics).toEqual([
      {
        slot: 'net0',
        model: 'virtio',
        mac: '02:60:00:07:d2:00',
        bridge: 'vmbr1',
        tag: 60,
        address: '10.25.60.8',
      },
      {
        slot: 'net1',
        model: 'e1000',
        mac: '02:60:00:07:d2:01',
        bridge: 'vmbr0',
        tag: undefined,
        address: undefined,
      },
    ])
    expect(config.disks).toEqual([
      { slot: 'scsi0', storage: 'nvmethin01', sizeBytes: 32 * 1024 ** 3, isBackedUp: true },
      { slot: 'scsi1', storage: 'nvmethin01', sizeBytes: 250 * 1024 ** 3, isBackedUp: false },
    ])
    expect(config.pci).toEqual([
      { slot: 'hostpci0', path: '0000:08:00', mapping: undefined },
      { slot: 'hostpci1', path: undefined, mapping: 'rtx-a4000' },
    ])
    expect(config).toMatchObject({
      smbiosUuid: 'fee97b73-2f1e-4ef0-b940-1f4eff9656cd',
      createdAtMs: 1_735_689_600_000,
      hasAgent: true,
      startsAtBoot: true,
    })
  })

  it('reads a container', () => {
    const config = parseGuestConfig({
      hostname: 'ct1',
      net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.0.0.7/24,type=veth',
      rootfs: 'local-lvm:vm-105-disk-0,size=8G',
      mp0: '/mnt/host,mp=/data',
    })
    expect(config.nics[0]).toMatchObject({ model: 'veth', mac: 'bc:24:11:00:00:01', address: '10.0.0.7' })
    expect(config.disks).toEqual([
      { slot: 'rootfs', storage: 'local-lvm', sizeBytes: 8 * 1024 ** 3, isBackedUp: true },
    ])
    expect(config.hostname).toBe('ct1')
  })

  it('survives nonsense', () => {
    const config = parseGuestConfig({
      net0: '',
      net1: 7,
      net2: null,
      scsi0: 'none',
      scsi1: ':',
      hostpci0: {},
      meta: 'ctime=soon',
      agent: 'enabled=0',
      smbios1: [],
    })
    expect(config).toMatchObject({
      disks: [],
      createdAtMs: undefined,
      hasAgent: false,
      smbiosUuid: undefined,
    })
  })
})

describe('figures', () => {
  it.each([
    ['10.25.60.231/24', '10.25.60.0/24'],
    ['10.16.207.61/22', '10.16.204.0/22'],
    ['192.168.1.1/32', '192.168.1.1/32'],
    ['fe80::1/64', undefined],
    ['10.0.0.1', undefined],
    ['10.0.0.1/99', undefined],
    [undefined, undefined],
  ])('the subnet of %s is %s', (cidr, subnet) => expect(subnetOf(cidr)).toBe(subnet))

  it.each([
    ['250m', 0.25],
    ['16Gi', 16 * 1024 ** 3],
    ['1634Ki', 1634 * 1024],
    ['4', 4],
    ['1e3', 1000],
    ['123456789n', 0.123456789],
    [2, 2],
    ['a lot', undefined],
    [null, undefined],
  ])('the quantity %s is %s', (text, value) =>
    value === undefined
      ? expect(parseQuantity(text)).toBeUndefined()
      : expect(parseQuantity(text)).toBeCloseTo(value, 9),
  )

  it('jitter is kept back, drift is not', () => {
    const before = {
      cpuFraction: 0.3,
      memoryBytes: 1000,
      memoryTotalBytes: 100_000,
      startedAtMs: 1_000_000,
      restarts: 1,
    }
    expect(
      steadyFacts(before, { ...before, cpuFraction: 0.31, memoryBytes: 1400, startedAtMs: 1_030_000 }),
    ).toEqual(before)
    const moved = steadyFacts(before, {
      ...before,
      cpuFraction: 0.4,
      memoryBytes: 2000,
      startedAtMs: 2_000_000,
      restarts: 2,
    })
    expect(moved).toMatchObject({ cpuFraction: 0.4, memoryBytes: 2000, startedAtMs: 2_000_000, restarts: 2 })
    let published: Record<string, number> = { cpuFraction: 0.3 }
    for (let at = 1; at <= 10; at += 1)
      published = steadyFacts(published, { cpuFraction: 0.3 + at / 100 }) as Record<string, number>
    expect(published['cpuFraction']).toBeGreaterThanOrEqual(0.38)
  })
})
