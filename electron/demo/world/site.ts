// The demo lab's inventory as types: what resources/demo/site.json says, and nothing else. Every demo server reads
// the one object that loadDemoSite() returns. Loose on purpose: fields that no server shows are dropped, `source`
// and `invented` marks included. Must never be imported by the core: real sites bring their own inventory.
import { z } from 'zod'
import siteJson from '../../../resources/demo/site.json' with { type: 'json' }

const network = z.object({
  id: z.string(),
  cidr: z.string(),
  gateway: z.string().optional(),
  bridge: z.string(),
  vlan: z.number().nullable(),
  usedInDemo: z.boolean().default(true),
})

const gpu = z.object({
  model: z.string(),
  memoryGB: z.number(),
  /** PCI address, `0000:08:00.0`. */
  pci: z.string(),
  passedTo: z.number(),
  driver: z.string(),
})

const node = z.object({
  name: z.string(),
  cpuModel: z.string(),
  sockets: z.number(),
  threads: z.number(),
  physicalCores: z.number(),
  memoryGiB: z.number(),
  addresses: z.array(z.object({ network: z.string(), iface: z.string(), cidr: z.string() })),
  nics: z.array(
    z.object({
      name: z.string(),
      speedMbps: z.number(),
      bridge: z.string().optional(),
      bond: z.string().optional(),
    }),
  ),
  bonds: z.array(
    z.object({ name: z.string(), mode: z.string(), slaves: z.array(z.string()), bridge: z.string() }),
  ),
  nicMacs: z.record(z.string(), z.union([z.string(), z.boolean()])),
  disks: z.array(z.object({ device: z.string(), kind: z.enum(['nvme', 'ssd']), sizeGB: z.number() })),
  versions: z.object({ pve: z.string(), kernel: z.string() }),
  boot: z.object({ firmware: z.string(), secureBoot: z.boolean() }),
  corosync: z.object({ nodeid: z.number(), votes: z.number() }),
  sample: z.object({
    uptimeDays: z.number(),
    cpuLoad: z.number(),
    ioWait: z.number(),
    temperatureC: z.object({ cpu: z.number(), nvmeMax: z.number() }),
  }),
  gpus: z.array(gpu).default([]),
})

const storage = z.object({
  id: z.string(),
  type: z.enum(['dir', 'lvmthin', 'pbs']),
  /** Absent for the one storage that every node sees (`nodes: 'all'`). */
  node: z.string().optional(),
  totalGB: z.number().optional(),
  totalTiB: z.number().optional(),
  vg: z.string().optional(),
  thinpool: z.string().optional(),
  server: z.string().optional(),
  datastore: z.string().optional(),
  content: z.array(z.string()),
  shared: z.boolean(),
})

const guestDisk = z.object({
  slot: z.string(),
  storage: z.string(),
  sizeGiB: z.number(),
  discard: z.boolean().default(false),
  iothread: z.boolean().default(false),
  backup: z.boolean().default(true),
})

const guestNic = z
  .object({
    slot: z.string(),
    model: z.string().default('virtio'),
    bridge: z.string(),
    tag: z.number().nullish(),
    mac: z.string().optional(),
    link: z.object({ mac: z.string() }).optional(),
    ip: z.string(),
    network: z.string().optional(),
  })
  .transform(({ link, ...nic }) => ({
    ...nic,
    tag: nic.tag ?? null,
    mac: nic.mac ?? link?.mac ?? '',
    network: nic.network ?? (nic.bridge === 'vmbr0' ? 'management' : 'data'),
  }))

const guest = z.object({
  vmid: z.number(),
  name: z.string(),
  node: z.string(),
  type: z.literal('qemu'),
  vcpu: z.number(),
  memory: z.object({ maxMiB: z.number(), minMiB: z.number(), ballooning: z.boolean() }),
  disks: z.array(guestDisk),
  os: z.string(),
  role: z.string(),
  tags: z.array(z.string()),
  nics: z.array(guestNic),
  runtime: z.object({
    status: z.enum(['running', 'stopped']),
    pool: z.string(),
    qemuAgent: z.boolean(),
    onboot: z.boolean(),
    bios: z.string(),
    machine: z.string(),
    cpuType: z.string(),
    numa: z.boolean(),
    tpm: z.string(),
    scsihw: z.string(),
  }),
  ha: z.object({ group: z.string(), state: z.string() }).optional(),
  hostpci: z
    .array(
      z.object({
        slot: z.string(),
        pci: z.string(),
        device: z.string(),
        options: z.object({ pcie: z.boolean(), rombar: z.boolean() }),
      }),
    )
    .default([]),
})

const template = z.object({
  vmid: z.number(),
  name: z.string(),
  node: z.string(),
  type: z.literal('qemu'),
  template: z.literal(true),
  os: z.string(),
  storage: z.string(),
  sizeGiB: z.number(),
})

const backupJob = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('vzdump'),
    schedule: z.string(),
    detail: z.object({
      id: z.string(),
      storage: z.string(),
      namespace: z.string(),
      vmids: z.array(z.number()),
      mode: z.enum(['snapshot', 'suspend', 'stop']),
      compress: z.string(),
      mailnotification: z.string(),
      enabled: z.boolean(),
    }),
  }),
  z.object({
    kind: z.literal('pgdump'),
    schedule: z.string(),
    detail: z.object({
      id: z.string(),
      namespace: z.string(),
      hosts: z.array(z.string()),
      enabled: z.boolean(),
    }),
  }),
  z.object({
    kind: z.literal('verify'),
    schedule: z.string(),
    detail: z.object({
      id: z.string(),
      datastore: z.string(),
      ignoreVerified: z.boolean(),
      outdatedAfterDays: z.number(),
    }),
  }),
  z.object({
    kind: z.literal('prune'),
    schedule: z.string(),
    keepDaily: z.number(),
    detail: z.object({
      id: z.string(),
      datastore: z.string(),
      keepWeekly: z.number(),
      keepMonthly: z.number(),
    }),
  }),
  z.object({ kind: z.literal('gc'), schedule: z.string(), detail: z.object({ datastore: z.string() }) }),
  z.object({
    kind: z.literal('hostconfig'),
    schedule: z.string(),
    keepDays: z.number(),
    detail: z.object({ id: z.string(), namespace: z.string(), nodes: z.array(z.string()), time: z.string() }),
  }),
])

const backup = z.object({
  server: z.object({
    name: z.string(),
    fqdn: z.string(),
    address: z.string(),
    cpu: z.string(),
    threads: z.number(),
    memoryGB: z.number(),
    bootDiskGB: z.number(),
    versions: z.object({ pbs: z.string() }),
  }),
  datastores: z.array(
    z.object({
      name: z.string(),
      totalTB: z.number(),
      path: z.object({ value: z.string() }),
      usage: z.object({
        usedTB: z.number(),
        deduplication: z.number(),
        chunkCount: z.number(),
        estimatedFullDays: z.number(),
      }),
    }),
  ),
  namespaces: z.array(z.object({ datastore: z.string(), ns: z.string(), comment: z.string() })),
  jobs: z.array(backupJob),
  offsite: z.array(
    z.object({
      frequency: z.enum(['weekly', 'monthly']),
      detail: z.object({ schedule: z.string(), keep: z.number(), region: z.string() }),
    }),
  ),
  promises: z.object({ onsite: z.object({ rpoHours: z.number() }), offsite: z.object({ recoveryHours: z.number() }) }),
})

const kubernetes = z.object({
  distribution: z.string(),
  cluster: z.object({
    name: z.string(),
    version: z.string(),
    containerRuntime: z.string(),
    api: z.string(),
    podCidr: z.string(),
    serviceCidr: z.string(),
    clusterDomain: z.string(),
  }),
  cni: z.object({ name: z.string() }),
  storageClasses: z.array(z.object({ name: z.string(), provisioner: z.string(), default: z.boolean() })),
  nodes: z.array(
    z.object({
      name: z.string(),
      vmid: z.number(),
      roles: z.array(z.string()),
      cpu: z.number(),
      memoryGiB: z.number(),
      internalIP: z.string(),
      os: z.string(),
      kernel: z.string(),
      labels: z.record(z.string(), z.string()),
    }),
  ),
  components: z.array(z.object({ name: z.string() })),
  namespaces: z.array(z.object({ name: z.string(), purpose: z.string() })),
  workloads: z.array(
    z.object({
      kind: z.string(),
      namespace: z.string(),
      name: z.string(),
      replicas: z.number(),
      image: z.string(),
      note: z.string(),
    }),
  ),
  rayClusters: z.array(
    z.object({
      apiVersion: z.string(),
      kind: z.string(),
      namespace: z.string(),
      name: z.string(),
      rayVersion: z.string(),
      autoscaling: z.object({ enabled: z.boolean(), idleTimeoutSeconds: z.number() }),
      head: z.object({ cpu: z.number(), memoryGiB: z.number(), dashboardPort: z.number() }),
      workerGroups: z.array(
        z.object({
          name: z.string(),
          minReplicas: z.number(),
          maxReplicas: z.number(),
          replicas: z.number(),
          cpu: z.number(),
          memoryGiB: z.number(),
        }),
      ),
      jobs: z.array(
        z.object({
          submissionId: z.string(),
          entrypoint: z.string(),
          status: z.string(),
          spectra: z.number().optional(),
          minutes: z.number().optional(),
          progress: z.number().optional(),
          reason: z.string().optional(),
        }),
      ),
      gpuService: z.object({ vm: z.string(), use: z.string() }),
    }),
  ),
  etcd: z.object({ snapshots: z.string(), detail: z.object({ keep: z.number(), path: z.string() }) }),
})

const postgresServer = z.object({
  host: z.string(),
  vmid: z.number(),
  port: z.number(),
  version: z.string(),
  dataDirectory: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  extensions: z.array(z.object({ name: z.string() })),
  databases: z.array(
    z.object({
      name: z.string(),
      isTemplate: z.boolean().default(false),
      note: z.string().optional(),
      size: z.object({ bytes: z.number() }).optional(),
      tables: z
        .array(
          z.object({
            schema: z.string(),
            name: z.string(),
            rows: z.number(),
            columns: z.number().optional(),
            primaryKey: z.array(z.string()).optional(),
            indexes: z.array(z.string()).optional(),
            partitionedBy: z.string().optional(),
          }),
        )
        .default([]),
    }),
  ),
  roles: z.array(z.object({ name: z.string(), purpose: z.string() })),
})

const demoSite = z.object({
  site: z.object({
    name: z.string(),
    domain: z.string(),
    cluster: z.string(),
    pveVersion: z.string(),
  }),
  networks: z.array(network),
  nodes: z.array(node),
  storages: z.array(storage),
  pools: z.array(z.object({ id: z.string(), comment: z.string() })),
  haGroups: z.array(
    z.object({
      id: z.string(),
      nodes: z.record(z.string(), z.number()),
      restricted: z.boolean(),
      nofailback: z.boolean(),
    }),
  ),
  guests: z.array(guest),
  templates: z.array(template),
  backup,
  kubernetes,
  postgres: z.array(postgresServer),
  monitoring: z.object({ host: z.string(), vmid: z.number() }),
  services: z.array(z.object({ name: z.string(), fqdn: z.string(), host: z.string().nullable() })),
})

/** How the lab is kept: `lived-in` carries the known sins of compliance/sins.ts, `clean` carries none of them. */
export type LabVariant = 'lived-in' | 'clean'

export type DemoSite = z.infer<typeof demoSite> & { variant?: LabVariant }
export type DemoNode = DemoSite['nodes'][number]
export type DemoGuest = DemoSite['guests'][number]
export type DemoTemplate = DemoSite['templates'][number]
export type DemoStorage = DemoSite['storages'][number]
export type DemoGpu = DemoNode['gpus'][number]
export type DemoBackupJob = DemoSite['backup']['jobs'][number]

let loaded: DemoSite | undefined

/** The demo lab's inventory; parsed once. Throws a ZodError when resources/demo/site.json was damaged. */
export function loadDemoSite(): DemoSite {
  loaded ??= demoSite.parse(siteJson)
  return loaded
}

/** The same lab, kept well: what the lived-in one does wrong is right here, in every server that shows it. */
export function loadCleanSite(): DemoSite {
  const site = loadDemoSite()
  const guests = site.guests.map((guest) => ({ ...guest, tags: [...guest.tags, 'class-internal', 'owner-infrastructure'] }))
  return { ...site, guests, variant: 'clean' }
}

export const isClean = (site: DemoSite): boolean => site.variant === 'clean'
