// A physical host of the lab (a Proxmox VE node, the backup server) as a shell sees it: Debian, an account for audits
// that may use sudo without a password. What checks look at lies in its files; see lab-machines.ts for who adds to it.
import { hashFraction, loadCurve, valueAt } from '../world/load.ts'
import type { DemoSite } from '../world/site.ts'
import type { Machine } from './shell/machine.ts'
import { furnishPosture, hostPosture } from './host-posture.ts'
import { daemonSettings } from './ssh-daemon.ts'
import { MemoryFiles } from './shell/memory-files.ts'

export const auditUser = { name: 'audit', uid: 1100, home: '/home/audit' } as const

interface HostFacts {
  cpuModel: string
  threads: number
  memoryBytes: number
  kernel: string
  upDays: number
  address: string
  /** The products' own version files. */
  versions: Record<string, string>
}

/** Null when the site has no host of that name. */
export function nodeMachine(site: DemoSite, name: string, nowMs: () => number): Machine | null {
  const facts = factsOf(site, name)
  if (facts === null) return null
  const bootMs = nowMs() - facts.upDays * 86_400_000
  const curve = loadCurve(`ssh${name}`, 0.3 + 0.4 * hashFraction(name))
  const loadAt = (atMs: number): number => valueAt(curve, atMs) * facts.threads * 0.4
  const machine: Machine = {
    hostname: name,
    user: auditUser.name,
    uid: auditUser.uid,
    home: auditUser.home,
    kernel: facts.kernel,
    osName: 'Debian GNU/Linux 12 (bookworm)',
    cpuCount: facts.threads,
    memoryBytes: facts.memoryBytes,
    bootMs,
    files: new MemoryFiles(nowMs, ['/proc', '/sys', '/etc', '/usr', '/root']),
    environment: {},
    nowMs,
    loads: () => [loadAt(nowMs()), loadAt(nowMs() - 150_000), loadAt(nowMs() - 450_000)],
    memoryUsedBytes: () => facts.memoryBytes * (0.35 + 0.3 * hashFraction(`mem${name}`)),
    sshdSettings: daemonSettings(site, sshdSettings),
    posture: hostPosture(site, name, facts.address, auditUser),
  }
  furnish(machine, site, facts)
  if (machine.posture) furnishPosture(machine.files, machine.posture)
  return machine
}

function factsOf(site: DemoSite, name: string): HostFacts | null {
  const node = site.nodes.find((one) => one.name === name)
  if (node)
    return {
      cpuModel: node.cpuModel,
      threads: node.threads,
      memoryBytes: node.memoryGiB * 2 ** 30,
      kernel: node.versions.kernel,
      upDays: node.sample.uptimeDays,
      address: node.addresses[0]?.cidr.split('/')[0] ?? '',
      versions: { 'pve-manager': node.versions.pve },
    }
  const { server } = site.backup
  if (server.name !== name) return null
  return {
    cpuModel: server.cpu,
    threads: server.threads,
    memoryBytes: server.memoryGB * 2 ** 30,
    kernel: '6.8.12-10-pve',
    upDays: 21,
    address: server.address,
    versions: { 'proxmox-backup-server': server.versions.pbs },
  }
}

function furnish({ files, hostname, home, bootMs, nowMs, loads }: Machine, site: DemoSite, facts: HostFacts): void {
  for (const directory of ['/tmp', '/var/log', '/usr/bin', '/opt', '/var/lib']) files.furnishDirectory(directory)
  files.furnishDirectory(home, 0o750)
  files.furnish('/etc/hostname', `${hostname}\n`)
  files.furnish('/etc/hosts', `127.0.0.1\tlocalhost\n${facts.address}\t${hostname}.${site.site.domain} ${hostname}\n`)
  files.furnish(
    '/etc/os-release',
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
  )
  files.furnish('/etc/issue.net', 'Authorised use only. Activity is logged.\n')
  files.furnish('/proc/uptime', () => `${((nowMs() - bootMs) / 1000).toFixed(2)} 0.00\n`)
  files.furnish('/proc/loadavg', () => `${loads().map((load) => load.toFixed(2)).join(' ')} 2/901 48213\n`)
  files.furnish(
    '/proc/cpuinfo',
    Array.from({ length: facts.threads }, (_, index) => `processor\t: ${index}\nmodel name\t: ${facts.cpuModel}\n`).join('\n'),
  )
  for (const [product, version] of Object.entries(facts.versions))
    files.furnish(`/usr/share/doc/${product}/version`, `${version}\n`)
}

const sshdSettings = `${[
  'port 22',
  'addressfamily any',
  'listenaddress 0.0.0.0:22',
  'usepam yes',
  'logingracetime 60',
  'x11forwarding no',
  'maxauthtries 4',
  'maxsessions 10',
  'clientaliveinterval 15',
  'clientalivecountmax 3',
  'permitrootlogin prohibit-password',
  'ignorerhosts yes',
  'hostbasedauthentication no',
  'pubkeyauthentication yes',
  'passwordauthentication no',
  'kbdinteractiveauthentication no',
  'gssapiauthentication no',
  'permitemptypasswords no',
  'permituserenvironment no',
  'allowtcpforwarding no',
  'gatewayports no',
  'loglevel VERBOSE',
  'banner /etc/issue.net',
  'maxstartups 10:30:60',
  'ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr',
  'macs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha2-256',
  'kexalgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256',
  'subsystem sftp /usr/lib/openssh/sftp-server',
].join('\n')}\n`
