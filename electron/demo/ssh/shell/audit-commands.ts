// The commands by which a machine tells how it is secured: services, kernel settings, sockets, accounts, audit rules. Each
// answers in its real tool's form from the machine's posture. A container has none of them.
import type { HostPosture } from '../host-posture.ts'
import type { Command, CommandCall } from './machine.ts'

type Told = (posture: HostPosture, call: CommandCall) => string | { text: string; code: number }

const tell =
  (told: Told): Command =>
  (call) => {
    const { posture } = call.session.machine
    if (!posture) return 127
    const answer = told(posture, call)
    const { text, code } = typeof answer === 'string' ? { text: answer, code: 0 } : answer
    if (text !== '') call.out(text.endsWith('\n') ? text : `${text}\n`)
    return code
  }

const operandsOf = (call: CommandCall): string[] => call.args.filter((arg) => !arg.startsWith('-'))
const unit = (name: string): string => name.replace(/\.service$/, '')

const systemctl = tell((posture, call) => {
  const [verb = '', ...names] = operandsOf(call)
  const known = (name: string) => posture.units[unit(name)]
  if (verb === 'is-active') {
    const states = names.map((name) => known(name) ?? 'inactive')
    return { text: states.join('\n'), code: states.includes('active') ? 0 : 3 }
  }
  if (verb === 'is-enabled') {
    const states = names.map((name) => (known(name) === 'active' ? 'enabled' : known(name) === undefined ? 'not-found' : 'disabled'))
    return { text: states.join('\n'), code: states.every((state) => state === 'enabled') ? 0 : 1 }
  }
  if (verb === 'list-unit-files')
    return Object.entries(posture.units)
      .filter(([name, state]) => state === 'active' && !name.includes('.'))
      .map(([name]) => `${name}.service enabled enabled`)
      .join('\n')
  if (verb === 'show') return new Date(call.session.machine.nowMs() - 6 * 3_600_000).toUTCString()
  return { text: '', code: 1 }
})

const auditctl = tell((posture, { args }) => {
  const isOn = posture.units['auditd'] === 'active'
  if (args.includes('-s')) return `enabled ${isOn ? 1 : 0}\nfailure 1\npid ${isOn ? 812 : 0}\nrate_limit 0\nbacklog_limit 8192\nlost 0\nbacklog 0`
  return isOn && posture.auditRules.length > 0 ? posture.auditRules.join('\n') : 'No rules'
})

const sysctl = tell((posture, call) => {
  const names = operandsOf(call)
  const missing = names.find((name) => posture.sysctl[name] === undefined)
  if (missing !== undefined) {
    call.err(`sysctl: cannot stat /proc/sys/${missing.replaceAll('.', '/')}: No such file or directory\n`)
    return { text: '', code: 255 }
  }
  const isBare = call.args.includes('-n')
  return names.map((name) => (isBare ? posture.sysctl[name] : `${name} = ${posture.sysctl[name]}`)).join('\n')
})

const ufw = tell(({ isFirewallActive }) =>
  isFirewallActive
    ? 'Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\nNew profiles: skip'
    : 'Status: inactive',
)

const ss = tell(({ sockets }) =>
  sockets
    .map(({ protocol, address, port, process }, index) =>
      `${protocol}   ${protocol === 'udp' ? 'UNCONN' : 'LISTEN'} 0      128    ${`${address}:${port}`.padStart(20)}      0.0.0.0:*    users:(("${process}",pid=${700 + index},fd=3))`,
    )
    .join('\n'),
)

/** `awk -F: 'condition{print $1}' file`, with a field compared to a number, a text or a pattern. */
const awk = tell((posture, call) => {
  const [program = '', file = ''] = operandsOf(call)
  const match = /^\$(\d+)\s*(==|!~)\s*(\d+|"[^"]*"|\/.*\/)\s*\{\s*print \$1\s*\}$/.exec(program)
  if (!match) {
    call.err('awk: only simple programs are known here\n')
    return { text: '', code: 2 }
  }
  const lines = file === '/etc/shadow' ? shadow(posture) : call.session.machine.files.read(file).toString('utf8').trim().split('\n')
  const [, field, operator, operand = ''] = match
  const fits = (value: string): boolean =>
    operator === '!~' ? !new RegExp(operand.slice(1, -1)).test(value) : value === operand.replaceAll('"', '')
  return lines
    .map((line) => line.split(':'))
    .filter((fields) => fits(fields[Number(field) - 1] ?? ''))
    .map(([name]) => name)
    .join('\n')
})
const shadow = ({ accounts }: HostPosture): string[] =>
  accounts.map(({ name, hasPassword }) => `${name}:${hasPassword ? '$y$j9T$demo$notARealHash' : '!'}:20000:0:99999:7:::`)

const modes: Record<string, string> = {
  '/etc/passwd': '644 root:root',
  '/etc/group': '644 root:root',
  '/etc/shadow': '640 root:shadow',
  '/etc/gshadow': '640 root:shadow',
  '/etc/sudoers': '440 root:root',
}
const stat = tell((posture, call) => {
  const [, ...files] = operandsOf(call)
  const format = call.args[call.args.indexOf('-c') + 1] ?? ''
  const hasScanner = posture.units['clamav-freshclam'] === 'active'
  const present = files.filter((file) => modes[file] !== undefined || ((file.includes('/clamav/') || file.includes('/aide/')) && hasScanner))
  for (const file of files) if (!present.includes(file)) call.err(`stat: cannot statx '${file}': No such file or directory\n`)
  const text = present
    .map((file) => (format === '%Y' ? String(Math.floor(call.session.machine.nowMs() / 1000) - 40_000) : `${modes[file]} ${file}`))
    .join('\n')
  return { text, code: present.length === files.length ? 0 : 1 }
})

/** Nothing on the machine is world-writable, set-user-ID without a reason, or without an owner. */
const find = tell((_posture, { args }) => (args.includes('/6000') ? '4755 root:root /usr/bin/sudo\n4755 root:root /usr/bin/passwd' : ''))

export const auditCommands: Record<string, Command> = {
  systemctl,
  auditctl,
  sysctl,
  ufw,
  ss,
  awk,
  stat,
  find,
  findmnt: tell(() => '/tmp rw,nosuid,nodev,noexec,relatime\n/dev/shm rw,nosuid,nodev,noexec\n/var/tmp rw,nosuid,nodev,noexec,relatime'),
  'aa-status': tell(() => '{"version": "2", "profiles": {"/usr/sbin/chronyd": "enforce", "/usr/bin/man": "enforce"}, "processes": {}}'),
  timedatectl: tell(() => 'yes'),
  chronyc: tell(({ timeServers }, { args }) =>
    args.includes('tracking')
      ? '0A190A02,10.25.10.2,3,1763985600.0,0.000123,-0.000004,0.000031,-3.2,0.001,0.02,0.0009,0.0006,64.2,Normal'
      : timeServers.map((address, index) => `^,${index === 0 ? '*' : '+'},${address},2,6,377,12,0.000041,0.000041,0.000310`).join('\n'),
  ),
  resolvectl: tell(({ resolvers }) => `Global: ${resolvers.join(' ')}`),
  ip: tell(({ gateway }, { args }) =>
    args.includes('route') ? JSON.stringify([{ dst: 'default', gateway, dev: 'eth0', protocol: 'static', flags: [] }])
    : args.includes('neigh') ? JSON.stringify([{ dst: gateway, dev: 'eth0', lladdr: '00:09:0f:aa:3c:01', state: ['REACHABLE'] }])
    : { text: '', code: 255 },
  ),
  getent: tell(({ accounts }) => `sudo:x:27:${accounts.filter(({ uid }) => uid !== 0).map(({ name }) => name).join(',')}`),
  lastlog: tell(({ accounts }) => ['Username         Port     From             Latest', ...accounts.filter(({ isDormant }) => isDormant).map(({ name }) => `${name.padEnd(16)}                            **Never logged in**`)].join('\n')),
  'apt-config': tell(() => 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";'),
  'apt-get': tell(() => 'Reading package lists...\nBuilding dependency tree...\n0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.'),
  'dpkg-query': tell(() => ['bash', 'coreutils', 'openssh-server', 'sudo', 'chrony', 'auditd'].join('\n')),
  modprobe: tell(() => 'install /bin/true'),
  lsmod: tell(() => 'Module                  Size  Used by\nnf_tables             372736  24'),
  lsblk: tell(() => '{"blockdevices": [{"name": "sda", "type": "disk", "fstype": null, "mountpoints": [null], "children": [{"name": "sda1", "type": "part", "fstype": "ext4", "mountpoints": ["/"]}]}]}'),
  journalctl: tell((_posture, call) => {
    const { nowMs } = call.session.machine
    if (call.args.includes('--header')) return 'File path: /var/log/journal/6f0e/system.journal'
    if (call.args.includes('pvedaemon'))
      return ['root@pam', 'meridian@pve', 'operator@pve'].map((user) => `${new Date(nowMs() - 7_200_000).toISOString().slice(0, 19)}+0000 ${call.session.machine.hostname} pvedaemon[1022]: <${user}> successful auth for user '${user}'`).join('\n')
    return `${new Date(nowMs() - 120 * 86_400_000).toISOString().slice(0, 19)}+0000 ${call.session.machine.hostname} systemd[1]: Started.`
  }),
}
