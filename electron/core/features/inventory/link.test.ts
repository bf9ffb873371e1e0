import { describe, expect, it } from 'vitest'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import { isLinkRelevant, linkSystems } from './link.ts'
import { connectionOf, entityOf, guestOf } from './testing/entities.ts'

const linksOf = async (...entities: Entity[]): Promise<Edge[]> => [...(await linkSystems(entities)).values()]
const targetsOf = async (...entities: Entity[]): Promise<string[]> =>
  (await linksOf(...entities)).map((edge) => `${edge.from} ${edge.kind} ${edge.to}`)

const nodeOf = (name: string, more: Parameters<typeof entityOf>[2] = {}): Entity =>
  entityOf('kubernetes-node', `k8s/lab/node/${name}`, { name, ...more })

describe('a Kubernetes node and its guest', () => {
  it('are linked by IP, with the reason told', async () => {
    const [edge] = await linksOf(
      nodeOf('worker', { addresses: ['10.25.60.4'] }),
      guestOf('lab', 3001, 'proj-k8s01', { addresses: ['10.25.60.4'] }),
    )
    expect(edge).toMatchObject({ kind: 'is', to: 'pve/lab/guest/3001' })
    expect(edge!.evidence).toEqual([
      { by: 'ip', text: '10.25.60.4 is an address of the Kubernetes node and of proj-k8s01' },
    ])
  })

  it('are linked by MAC, SMBIOS UUID, provider id or a unique host name', async () => {
    const guest = guestOf('lab', 3001, 'proj-k8s01', {
      addresses: ['02:60:00:00:00:01'],
      facts: { smbiosUuid: 'ABCD-1' },
    })
    const ways: Array<[Entity, string]> = [
      [nodeOf('a', { addresses: ['02:60:00:00:00:01'] }), 'mac'],
      [nodeOf('b', { facts: { systemUuid: 'abcd-1' } }), 'provider-id'],
      [nodeOf('c', { facts: { providerId: 'proxmox://lab/3001' } }), 'provider-id'],
      [nodeOf('proj-k8s01.example.org'), 'hostname'],
    ]
    for (const [node, by] of ways) {
      const [edge] = await linksOf(node, guest)
      expect(edge?.to, by).toBe(guest.id)
      expect(edge!.evidence[0]!.by).toBe(by)
    }
  })

  it('are not linked by a VMID label alone, nor by a provider id of another cluster', async () => {
    const guest = guestOf('lab', 3001, 'proj-k8s01')
    expect(await targetsOf(nodeOf('x', { facts: { vmidLabels: ['lab/vmid=3001'] } }), guest)).toEqual([])
    expect(
      await targetsOf(nodeOf('x', { facts: { providerId: 'proxmox://elsewhere/3001' } }), guest),
    ).toEqual([])
  })

  it('are not linked by addresses that every machine has', async () => {
    const guest = guestOf('lab', 1, 'a', { addresses: ['127.0.0.1', 'fe80::1', '169.254.1.1', '::1'] })
    expect(
      await targetsOf(nodeOf('x', { addresses: ['127.0.0.1', 'fe80::1', '169.254.1.1', '::1'] }), guest),
    ).toEqual([])
  })

  it('are left alone when two guests fit equally well, and linked when one fits better', async () => {
    const node = nodeOf('worker-1', { addresses: ['192.168.1.5'] })
    const east = guestOf('east', 100, 'vm-a', { addresses: ['192.168.1.5'] })
    const west = guestOf('west', 100, 'vm-b', { addresses: ['192.168.1.5'] })
    expect(await targetsOf(node, east, west)).toEqual([])
    expect(await targetsOf(node, east, { ...west, name: 'worker-1' })).toEqual([`${node.id} is ${west.id}`])
  })

  it('never takes a template for a machine', async () => {
    expect(
      await targetsOf(nodeOf('tpl'), guestOf('lab', 9001, 'tpl', { facts: { isTemplate: true } })),
    ).toEqual([])
  })
})

describe('servers behind a connection', () => {
  const database = (facts: Record<string, string>, addresses: string[] = []): Entity =>
    entityOf('database-server', 'postgres/x:5432', { facts, addresses })

  it('run on the guest with their address, host name or label', async () => {
    const guest = guestOf('lab', 2002, 'proj-pg01', { addresses: ['10.25.60.8'] })
    expect(
      await targetsOf(database({ host: 'db.example.org', label: 'Archive' }, ['10.25.60.8']), guest),
    ).toEqual(['postgres/x:5432 runs-on pve/lab/guest/2002'])
    expect(
      await targetsOf(database({ host: 'PROJ-PG01.example.org', label: 'Archive' }), guest),
    ).toHaveLength(1)
    const [edge] = await linksOf(database({ host: '127.0.0.1', label: 'proj-pg01' }, ['127.0.0.1']), guest)
    expect(edge!.evidence).toEqual([
      { by: 'label', text: 'The connection is labelled "proj-pg01", which names proj-pg01' },
    ])
  })

  it('are not guessed by a part of a name', async () => {
    expect(
      await targetsOf(database({ host: '127.0.0.1', label: 'proj-pg011' }), guestOf('lab', 1, 'proj-pg01')),
    ).toEqual([])
  })

  it('may be a node or the backup server as well', async () => {
    const ssh = entityOf('ssh-host', 'ssh/node01:22', {
      addresses: ['10.0.0.1'],
      facts: { host: 'node01', label: 'x' },
    })
    const node = entityOf('node', 'pve/lab/node/node01', { name: 'node01', addresses: ['10.0.0.1'] })
    expect(await targetsOf(ssh, node)).toEqual(['ssh/node01:22 is pve/lab/node/node01'])
  })
})

describe('backups and their guests', () => {
  const dayMs = 86_400_000
  const created = Date.parse('2026-01-01T00:00:00Z')
  const server = entityOf('backup-server', 'pbs/pbs01', {
    name: 'pbs01',
    connectionId: connectionOf('pbs'),
    addresses: ['10.0.0.9'],
    facts: { fingerprint: 'AA:BB' },
  })
  const datastore = entityOf('datastore', 'pbs/pbs01/datastore/store', {
    name: 'store',
    connectionId: connectionOf('pbs'),
    parentId: server.id,
  })
  const group = (more: Record<string, string | number | string[]> = {}): Entity =>
    entityOf('backup-group', 'pbs/pbs01/datastore/store/group/vm/100', {
      connectionId: connectionOf('pbs'),
      parentId: datastore.id,
      facts: {
        backupType: 'vm',
        backupId: '100',
        lastBackupAtMs: created + 10 * dayMs,
        comments: [],
        ...more,
      },
    })
  const storage = (cluster: string, more: Record<string, string> = {}): Entity =>
    entityOf('storage', `pve/${cluster}/storage/backup`, {
      name: 'backup',
      connectionId: connectionOf(cluster),
      facts: { cluster, pbsServer: '10.0.0.9', pbsDatastore: 'store', ...more },
    })
  const guest = (cluster: string, name: string, more: Record<string, string | number> = {}): Entity =>
    guestOf(cluster, 100, name, { facts: { createdAtMs: created, ...more } })
  const backedUp = async (...entities: Entity[]): Promise<string[]> =>
    (await linksOf(server, datastore, ...entities))
      .filter((edge) => edge.kind === 'backs-up')
      .map((edge) => edge.to)

  it('are never linked by VMID alone', async () => {
    expect(await backedUp(group(), guest('east', 'web'))).toEqual([])
  })

  it('are linked by the cluster that backs up into that datastore', async () => {
    const edges = await linksOf(server, datastore, group(), guest('east', 'web'), storage('east'))
    const edge = edges.find((item) => item.kind === 'backs-up')!
    expect(edge.to).toBe('pve/east/guest/100')
    expect(edge.evidence.map((item) => item.by)).toEqual(['vmid', 'configuration', 'api'])
    expect(edge.evidence[1]!.text).toContain('Cluster east backs up into its root namespace')
    expect(edges.some((item) => item.kind === 'uses' && item.to === datastore.id)).toBe(true)
  })

  it('tell the job that includes the guest', async () => {
    const job = (facts: Record<string, string | string[] | boolean>): Entity =>
      entityOf('backup-job', 'pve/east/backup-job/nightly', {
        name: 'nightly',
        connectionId: connectionOf('east'),
        facts: { storage: 'backup', ...facts },
      })
    const textWith = async (item: Entity): Promise<string> => {
      const edges = await linksOf(server, datastore, group(), guest('east', 'web'), storage('east'), item)
      return edges
        .find((edge) => edge.kind === 'backs-up')!
        .evidence.map((evidence) => evidence.text)
        .join(' ')
    }
    expect(await textWith(job({ vmids: ['100'] }))).toContain('job nightly')
    expect(await textWith(job({ vmids: ['101'] }))).not.toContain('job nightly')
    expect(await textWith(job({ isAllGuests: true, vmids: [] }))).toContain('job nightly')
    expect(await textWith(job({ isAllGuests: true, vmids: ['100'] }))).not.toContain('job nightly')
  })

  it('of two clusters with the same VMID go to the one that uses the datastore', async () => {
    expect(await backedUp(group(), guest('east', 'web'), guest('west', 'db'), storage('east'))).toEqual([
      'pve/east/guest/100',
    ])
  })

  it('of two clusters that share the datastore go to the one whose name they carry', async () => {
    const both = [guest('east', 'web'), guest('west', 'db'), storage('east'), storage('west')]
    expect(await backedUp(group(), ...both)).toEqual([])
    expect(await backedUp(group({ comments: ['db'] }), ...both)).toEqual(['pve/west/guest/100'])
    expect(await backedUp(group({ comments: ['west, node1, db (100)'] }), ...both)).toEqual([
      'pve/west/guest/100',
    ])
    expect(await backedUp(group({ comments: ['db2'] }), ...both)).toEqual([])
  })

  it('in a namespace need the storage of that namespace, or the name', async () => {
    const inside = group({ namespace: 'east' })
    expect(await backedUp(inside, guest('east', 'web'), storage('east'))).toEqual([])
    expect(await backedUp(inside, guest('east', 'web'), storage('east', { pbsNamespace: 'east' }))).toEqual([
      'pve/east/guest/100',
    ])
    expect(
      await backedUp(group({ namespace: 'east', comments: ['web'] }), guest('east', 'web'), storage('east')),
    ).toEqual(['pve/east/guest/100'])
  })

  it('that are older than the guest are of an earlier one', async () => {
    const old = group({ lastBackupAtMs: created - dayMs, comments: ['web'] })
    expect(await backedUp(old, guest('east', 'web'), storage('east'))).toEqual([])
  })

  it('of a container are not those of a virtual machine', async () => {
    expect(
      await backedUp(group({ backupType: 'ct', comments: ['web'] }), guest('east', 'web'), storage('east')),
    ).toEqual([])
    expect(
      await backedUp(
        group({ backupType: 'ct', comments: ['web'] }),
        guest('east', 'web', { type: 'lxc' }),
        storage('east'),
      ),
    ).toEqual(['pve/east/guest/100'])
  })

  it('of a host are linked by its name, if only one has it', async () => {
    const host = group({ backupType: 'host', backupId: 'node01' })
    const node = entityOf('node', 'pve/east/node/node01', { name: 'node01' })
    expect(await backedUp(host, node)).toEqual([node.id])
    expect(await backedUp(host, node, entityOf('node', 'pve/west/node/node01', { name: 'node01' }))).toEqual(
      [],
    )
  })

  it('find the datastore by fingerprint, address or name of its server, not by the name of the store alone', async () => {
    const uses = async (facts: Record<string, string>): Promise<boolean> =>
      (await linksOf(server, datastore, storage('east', facts))).some((edge) => edge.kind === 'uses')
    expect(await uses({ pbsServer: 'elsewhere', fingerprint: 'aa:bb' })).toBe(true)
    expect(await uses({ pbsServer: 'pbs01.example.org' })).toBe(true)
    expect(await uses({ pbsServer: 'elsewhere' })).toBe(false)
    expect(await uses({ pbsDatastore: 'other' })).toBe(false)
  })
})

describe('isLinkRelevant', () => {
  const unlinked = (): boolean => false
  const guest = guestOf('lab', 1, 'a', { addresses: ['10.0.0.1'] })

  it('lets load and state pass', () => {
    expect(
      isLinkRelevant(
        guest,
        { ...guest, health: 'off', status: 'stopped', facts: { ...guest.facts, cpuFraction: 0.5 } },
        unlinked,
      ),
    ).toBe(false)
    expect(isLinkRelevant(entityOf('pod', 'p'), undefined, unlinked)).toBe(false)
  })

  it('stops at names, addresses, arrivals and departures', () => {
    expect(isLinkRelevant(guest, { ...guest, name: 'b' }, unlinked)).toBe(true)
    expect(isLinkRelevant(guest, { ...guest, addresses: [] }, unlinked)).toBe(true)
    expect(isLinkRelevant(undefined, guest, unlinked)).toBe(true)
    expect(isLinkRelevant(guest, undefined, unlinked)).toBe(true)
  })

  it('minds a new backup only of a group that has no guest yet', () => {
    const group = entityOf('backup-group', 'g', { facts: { lastBackupAtMs: 1 } })
    const newer = { ...group, facts: { lastBackupAtMs: 2 } }
    expect(isLinkRelevant(group, newer, unlinked)).toBe(true)
    expect(isLinkRelevant(group, newer, () => true)).toBe(false)
  })
})
