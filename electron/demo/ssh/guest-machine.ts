// A virtual machine of the site as its own shell sees it: files under /proc and /etc, a home with the work of its
// users, load from the lab's curves, and the GPU where the site passes one through.
import { guestCurves, valueAt } from '../world/load.ts'
import { guestUuid } from '../world/guest-identity.ts'
import type { DemoGuest, DemoSite } from '../world/site.ts'
import { createGpu } from './shell/gpu.ts'
import type { Machine } from './shell/machine.ts'
import { furnishPosture, hostPosture } from './host-posture.ts'
import { daemonSettings } from './ssh-daemon.ts'
import { MemoryFiles } from './shell/memory-files.ts'

/** Where a passed-through card sits on the guest's own bus. */
const guestBusId = '00000000:01:00.0'
const kernel = '6.8.0-63-generic'
const osName = 'Ubuntu 24.04.2 LTS'
const upDays = 9

export const labUser = { name: 'astro', uid: 1000, home: '/home/astro' } as const

export function guestMachine(site: DemoSite, guest: DemoGuest, nowMs: () => number): Machine {
  const curves = guestCurves(site).get(guest.vmid)
  const bootMs = nowMs() - upDays * 86_400_000
  const memoryBytes = guest.memory.maxMiB * 2 ** 20
  const loadAt = (atMs: number): number =>
    curves === undefined ? 0.1 : valueAt(curves.cpu, atMs) * guest.vcpu
  const loads = (): [number, number, number] => [
    loadAt(nowMs()),
    loadAt(nowMs() - 150_000),
    loadAt(nowMs() - 450_000),
  ]
  const memoryUsedBytes = (): number =>
    Math.min(
      memoryBytes * 0.97,
      (curves === undefined ? 0.3 * memoryBytes : valueAt(curves.memBytes, nowMs())) * 0.62,
    )
  const card = site.nodes.flatMap((node) => node.gpus).find((gpu) => gpu.passedTo === guest.vmid)
  const machine: Machine = {
    hostname: guest.name,
    user: labUser.name,
    uid: labUser.uid,
    home: labUser.home,
    kernel,
    osName,
    cpuCount: guest.vcpu,
    memoryBytes,
    bootMs,
    files: new MemoryFiles(nowMs, ['/proc', '/sys', '/etc', '/usr', '/root']),
    environment: {},
    nowMs,
    loads,
    memoryUsedBytes,
    sshdSettings: daemonSettings(site, sshdSettings),
    posture: hostPosture(site, guest.name, guest.nics[0]?.ip ?? '10.25.60.250', labUser),
    ...(card === undefined ? {} : { gpu: createGpu(card, guest.vmid, guestBusId, nowMs) }),
  }
  furnishSystem(machine, site, guest)
  if (machine.posture) furnishPosture(machine.files, machine.posture)
  furnishHome(machine, card !== undefined)
  return machine
}

function furnishSystem(machine: Machine, site: DemoSite, guest: DemoGuest): void {
  const { files, hostname, cpuCount, memoryBytes, bootMs, nowMs } = machine
  for (const directory of ['/tmp', '/var/log', '/usr/bin', '/mnt/data', '/opt'])
    files.furnishDirectory(directory)
  const addresses = guest.nics
    .map((nic) => `${nic.ip}\t${hostname}.${site.site.domain} ${hostname}`)
    .join('\n')
  files.furnish('/etc/hostname', `${hostname}\n`)
  files.furnish('/etc/hosts', `127.0.0.1\tlocalhost\n${addresses}\n`)
  files.furnish('/etc/machine-id', `${guestUuid(guest.vmid).replaceAll('-', '')}\n`)
  files.furnish(
    '/etc/ssh/sshd_config',
    'Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\nMaxAuthTries 4\nX11Forwarding no\n',
  )
  files.furnish(
    '/etc/os-release',
    `PRETTY_NAME="${osName}"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION="24.04.2 LTS (Noble Numbat)"\nID=ubuntu\nID_LIKE=debian\n`,
  )
  files.furnish('/sys/class/dmi/id/product_uuid', `${guestUuid(guest.vmid)}\n`)
  files.furnish('/proc/uptime', () => `${((nowMs() - bootMs) / 1000).toFixed(2)} 0.00\n`)
  files.furnish(
    '/proc/loadavg',
    () =>
      `${machine
        .loads()
        .map((load) => load.toFixed(2))
        .join(' ')} 2/611 48213\n`,
  )
  files.furnish('/proc/meminfo', () => {
    const free = memoryBytes - machine.memoryUsedBytes()
    const line = (name: string, bytes: number): string =>
      `${`${name}:`.padEnd(16)}${String(Math.round(bytes / 1024)).padStart(9)} kB\n`
    return (
      line('MemTotal', memoryBytes) +
      line('MemFree', free * 0.4) +
      line('MemAvailable', free * 0.95) +
      line('SwapTotal', 0)
    )
  })
  const { cpuModel = '' } = site.nodes.find((node) => node.name === guest.node) ?? {}
  const processor = (index: number): string => `processor\t: ${index}\nmodel name\t: ${cpuModel}\n`
  files.furnish('/proc/cpuinfo', Array.from({ length: cpuCount }, (_, index) => processor(index)).join('\n'))
}

function furnishHome({ files, home, hostname }: Machine, hasGpu: boolean): void {
  files.furnishDirectory(home, 0o750)
  files.furnish(`${home}/.bashrc`, '# ~/.bashrc of the demo lab\n')
  files.furnish(
    `${home}/README.txt`,
    `This is ${hostname} of the demo lab. Everything here lives in memory only.\n`,
  )
  files.furnishLink(`${home}/data`, '/mnt/data')
  files.furnish('/mnt/data/README', 'Spectra and tables of the survey.\n')
  if (!hasGpu) return
  files.furnish(
    `${home}/qad/config.yaml`,
    'model: vae\nlatent: 24\nbatch: 512\ndataset: desi_dr1.iron.qso_spectra\nepochs: 120\n',
  )
  files.furnish(
    `${home}/qad/train.log`,
    Array.from(
      { length: 40 },
      (_, index) =>
        `epoch ${String(index + 1).padStart(3)} loss ${(0.41 * 0.97 ** index + 0.052).toFixed(5)}`,
    ).join('\n') + '\n',
  )
  files.furnish(`${home}/qad/train.py`, 'from qad import train\n\ntrain("config.yaml")\n')
}

/** What `sshd -T` prints, in the daemon's own form: one lower-case name and its value a line. */
const sshdSettings = `${[
  'port 22',
  'addressfamily inet',
  'listenaddress 0.0.0.0:22',
  'usepam yes',
  'logingracetime 60',
  'x11forwarding no',
  'maxauthtries 4',
  'maxsessions 10',
  'clientaliveinterval 15',
  'clientalivecountmax 3',
  'permitrootlogin no',
  'ignorerhosts yes',
  'hostbasedauthentication no',
  'pubkeyauthentication yes',
  'passwordauthentication yes',
  'kbdinteractiveauthentication yes',
  'gssapiauthentication no',
  'permitemptypasswords no',
  'permituserenvironment no',
  'allowtcpforwarding local',
  'gatewayports no',
  'loglevel VERBOSE',
  'banner /etc/issue.net',
  'maxstartups 10:30:60',
  'ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr',
  'macs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha2-256',
  'kexalgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256',
  'subsystem sftp /usr/lib/openssh/sftp-server',
].join('\n')}\n`
