// How a machine of the lab is secured, as its own tools report it: the hardened template of the lab, less what somebody
// forgot. Hosts of the hypervisor follow no benchmark. The clean lab has forgotten nothing.
import { isClean, type DemoSite } from '../world/site.ts'
import type { MemoryFiles } from './shell/memory-files.ts'

export interface HostPosture {
  /** Units and whether they run; all of them start at boot. */
  units: Record<string, 'active' | 'inactive'>
  sysctl: Record<string, string>
  auditRules: string[]
  isFirewallActive: boolean
  sockets: { protocol: 'tcp' | 'udp'; address: string; port: number; process: string }[]
  accounts: { name: string; uid: number; hasPassword: boolean; isDormant: boolean }[]
  gateway: string
  resolvers: string[]
  timeServers: string[]
  address: string
  isHypervisor: boolean
}

const hardenedSysctl: Record<string, string> = {
  'net.ipv4.conf.all.accept_redirects': '0',
  'net.ipv4.conf.default.accept_redirects': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.all.accept_source_route': '0',
  'net.ipv4.conf.all.log_martians': '1',
  'net.ipv4.conf.all.rp_filter': '1',
  'net.ipv4.tcp_syncookies': '1',
  'net.ipv4.icmp_echo_ignore_broadcasts': '1',
  'net.ipv6.conf.all.accept_redirects': '0',
  'net.ipv4.ip_forward': '0',
  'net.ipv6.conf.all.forwarding': '0',
  'kernel.randomize_va_space': '2',
  'kernel.kptr_restrict': '2',
  'kernel.dmesg_restrict': '1',
  'kernel.yama.ptrace_scope': '1',
  'fs.suid_dumpable': '0',
  'fs.protected_hardlinks': '1',
  'fs.protected_symlinks': '1',
  'kernel.unprivileged_bpf_disabled': '2',
}
const watched = ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/etc/sudoers.d']
const auditRules = [
  '-a always,exit -F arch=b64 -S execve -F auid>=1000 -F key=exec',
  '-a always,exit -F arch=b32 -S execve -F auid>=1000 -F key=exec',
  ...watched.map((path) => `-w ${path} -p wa -k identity`),
  ...['adjtimex', 'settimeofday', 'mount', 'unlink', 'rename', 'chmod', 'chown', 'setxattr', 'init_module', 'delete_module', 'sethostname', 'open', 'truncate'].map(
    (call) => `-a always,exit -F arch=b64 -S ${call} -F auid>=1000 -F key=${call}`,
  ),
]

/** What somebody forgot on one machine. */
const forgotten: Record<string, (posture: HostPosture) => void> = {
  'proj-pg01': (posture) => void (posture.sysctl['net.ipv4.conf.all.accept_redirects'] = '1'),
  'proj-gpu01': (posture) => {
    posture.isFirewallActive = false
    posture.sockets.push({ protocol: 'tcp', address: '0.0.0.0', port: 5901, process: 'Xtightvnc' })
  },
  'proj-ztna01': (posture) => void (posture.units['auditd'] = 'inactive'),
}

export function hostPosture(site: DemoSite, name: string, address: string, user: { name: string; uid: number }): HostPosture {
  const isPhysical = site.nodes.some((node) => node.name === name) || site.backup.server.name === name
  const isHardened = isClean(site) || !isPhysical
  const posture: HostPosture = {
    units: {
      ssh: 'active',
      chrony: 'active',
      cron: 'active',
      auditd: isHardened ? 'active' : 'inactive',
      'clamav-freshclam': isHardened ? 'active' : 'inactive',
      alloy: isHardened ? 'active' : 'inactive',
      'wazuh-agent': isHardened ? 'active' : 'inactive',
      'apt-daily-upgrade.timer': 'active',
      ...(isPhysical ? { 'pve-daily-update.timer': 'active' } : {}),
    },
    sysctl: { ...hardenedSysctl },
    auditRules: isHardened ? [...auditRules] : [],
    isFirewallActive: isHardened,
    sockets: [
      { protocol: 'tcp', address, port: 22, process: 'sshd' },
      { protocol: 'tcp', address: '127.0.0.1', port: 25, process: 'master' },
      ...(name.includes('-pg') ? [{ protocol: 'tcp' as const, address, port: 5432, process: 'postgres' }] : []),
    ],
    accounts: [
      { name: 'root', uid: 0, hasPassword: false, isDormant: false },
      { name: user.name, uid: user.uid, hasPassword: true, isDormant: false },
    ],
    gateway: address.replace(/\.\d+$/, '.1'),
    resolvers: ['10.25.10.2', '10.25.20.2'],
    timeServers: ['10.25.10.2', '10.25.20.2'],
    address,
    isHypervisor: site.nodes.some((node) => node.name === name),
  }
  if (!isClean(site)) forgotten[name]?.(posture)
  return posture
}

/** The files that go with it. */
export function furnishPosture(files: MemoryFiles, posture: HostPosture): void {
  const texts: Record<string, string> = {
    '/etc/passwd': posture.accounts.map(({ name, uid }) => `${name}:x:${uid}:${uid}::${uid === 0 ? '/root' : `/home/${name}`}:/bin/bash\n`).join(''),
    '/etc/resolv.conf': posture.resolvers.map((address) => `nameserver ${address}\n`).join(''),
    '/etc/security/pwquality.conf': 'minlen = 14\nminclass = 4\ndictcheck = 1\n',
    '/etc/security/faillock.conf': 'deny = 5\nunlock_time = 900\n',
    '/etc/pam.d/common-password': 'password requisite pam_pwquality.so retry=3\n',
    '/etc/pam.d/common-auth': 'auth required pam_faillock.so preauth\n',
    '/etc/profile': '# system-wide profile\n',
    '/etc/profile.d/timeout.sh': 'readonly TMOUT=600\nexport TMOUT\n',
    '/etc/bash.bashrc': '# system-wide bashrc\n',
    '/etc/sudoers': 'Defaults env_reset\n%sudo ALL=(ALL:ALL) ALL\n',
    '/etc/rsyslog.conf': '# local only; the journal is shipped by Alloy\n',
  }
  for (const [path, text] of Object.entries(texts)) files.furnish(path, text)
  for (const directory of ['/etc/sudoers.d', '/etc/rsyslog.d', ...(posture.isHypervisor ? ['/etc/pve'] : [])]) files.furnishDirectory(directory)
}
