// What a security check reads of the demo cluster: second factors, firewall, notifications, package sources, totem. The
// lived-in lab carries known sins here (see compliance/sins.ts); the clean one has none of them.
import { ApiFault } from '../../api2/api-fault.ts'
import { isClean } from '../../world/site.ts'
import { route, type PveCall } from '../call.ts'
import { factorsOf } from './access.ts'

const clusterAudit = { path: '/', privileges: ['Sys.Audit'] } as const
const nodeAudit = { path: '/nodes/{node}', privileges: ['Sys.Audit'] } as const
const notificationAudit = {
  path: '/mapping/notifications',
  privileges: ['Mapping.Modify', 'Mapping.Audit', 'Mapping.Use'],
  isAnyEnough: true,
} as const
const digest = '3f786850e387550fdab836ed7e6dc881de23001b'
/** Its administrator once needed the web interface from a meeting room, and a test package. */
const carelessNode = 'node05'
const managementGroup = 'management'

const clean = (call: PveCall): boolean => isClean(call.cluster.site)

const rule = (pos: number, more: Record<string, unknown>) => ({
  pos,
  type: 'in',
  action: 'ACCEPT',
  enable: 1,
  proto: 'tcp',
  digest,
  ...more,
})

const groupRules = (call: PveCall) => {
  const { cidr } = call.cluster.site.networks[0]!
  return [
    rule(0, { source: cidr, dport: '8006', comment: 'web interface' }),
    rule(1, { source: cidr, dport: '22', comment: 'SSH' }),
  ]
}

const standardSources = (call: PveCall, node: string) => {
  const source = (handle: string, name: string, status: boolean) => ({ handle, name, status: status ? 1 : 0 })
  return [
    source('enterprise', 'Enterprise', false),
    source('no-subscription', 'No-Subscription', true),
    source('test', 'Test', !clean(call) && node === carelessNode),
    source('ceph-squid-no-subscription', 'Ceph Squid No-Subscription', false),
  ]
}

export const securityRoutes = [
  route('GET', '/access/tfa', { needs: 'login', run: (_input, call) => factorsOf(call) }),
  route('GET', '/cluster/firewall/options', {
    needs: clusterAudit,
    run: (_input, call) => (clean(call) ? { enable: 1, policy_in: 'DROP', digest } : { enable: 0, digest }),
  }),
  route('GET', '/cluster/firewall/rules', {
    needs: clusterAudit,
    run: () => [{ pos: 0, type: 'group', action: managementGroup, enable: 1, digest }],
  }),
  route('GET', '/cluster/firewall/groups', {
    needs: 'login',
    run: () => [{ group: managementGroup, comment: 'administrators only', digest }],
  }),
  route('GET', '/cluster/firewall/groups/{group}', {
    needs: clusterAudit,
    run(input, call) {
      if (input.group !== managementGroup) throw new ApiFault(500, `no such security group '${input.group}'`)
      return groupRules(call)
    },
  }),
  route('GET', '/nodes/{node}/firewall/options', {
    needs: nodeAudit,
    run(input, call) {
      call.cluster.node(input.node)
      return { enable: 1, digest }
    },
  }),
  route('GET', '/nodes/{node}/firewall/rules', {
    needs: nodeAudit,
    run(input, call) {
      call.cluster.node(input.node)
      return !clean(call) && input.node === carelessNode
        ? [rule(0, { dport: '8006', comment: 'for the demo in the meeting room' })]
        : []
    },
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/firewall/options', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Audit'] },
    run(input, call) {
      call.cluster.node(input.node)
      return clean(call) ? { enable: 1, policy_in: 'DROP', digest } : { digest }
    },
  }),
  route('GET', '/cluster/notifications/matchers', {
    needs: notificationAudit,
    run: (_input, call) => [
      {
        name: 'default-matcher',
        comment: 'Route all notifications to mail-to-root',
        mode: 'all',
        target: clean(call) ? ['mail-to-root', 'lab-gotify'] : ['mail-to-root'],
        origin: clean(call) ? 'modified-builtin' : 'builtin',
      },
    ],
  }),
  route('GET', '/cluster/notifications/targets', {
    needs: notificationAudit,
    run: (_input, call) => [
      { name: 'mail-to-root', type: 'sendmail', origin: 'builtin', comment: "Send mails to root@pam's email address" },
      ...(clean(call) ? [{ name: 'lab-gotify', type: 'gotify', origin: 'user-created' }] : []),
    ],
  }),
  route('GET', '/cluster/metrics/server', {
    needs: clusterAudit,
    run: () => [{ id: 'influx', type: 'influxdb', server: '10.25.60.9', port: 8089, disable: 0 }],
  }),
  route('GET', '/cluster/config/totem', {
    needs: clusterAudit,
    run: (_input, call) => ({
      cluster_name: call.cluster.site.site.cluster,
      config_version: '9',
      interface: { 0: { linknumber: '0' } },
      ip_version: 'ipv4-6',
      link_mode: 'passive',
      secauth: 'on',
      version: '2',
    }),
  }),
  route('GET', '/nodes/{node}/apt/update', {
    needs: { path: '/nodes/{node}', privileges: ['Sys.Modify'] },
    run(input, call) {
      call.cluster.node(input.node)
      return clean(call)
        ? []
        : [
            { Package: 'openssl', Version: '3.0.17-1~deb12u3', OldVersion: '3.0.16-1~deb12u1', Origin: 'Debian-Security', Title: 'Secure Sockets Layer toolkit', Priority: 'optional', Section: 'utils', Arch: 'amd64', Description: 'This package is part of the OpenSSL project.' },
            { Package: 'pve-qemu-kvm', Version: '9.2.0-7', OldVersion: '9.2.0-5', Origin: 'Proxmox', Title: 'Full virtualization on x86 hardware', Priority: 'optional', Section: 'admin', Arch: 'amd64', Description: 'Using KVM, one can run multiple virtual machines.' },
          ]
    },
  }),
  route('GET', '/nodes/{node}/apt/repositories', {
    needs: nodeAudit,
    run(input, call) {
      call.cluster.node(input.node)
      return { digest, errors: [], files: [], infos: [], 'standard-repos': standardSources(call, input.node) }
    },
  }),
]
