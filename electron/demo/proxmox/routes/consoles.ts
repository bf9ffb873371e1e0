// Consoles of the demo cluster: the proxies for screens and terminals, and the check that stands before their
// WebSocket. The upgrade itself is `console-upgrade.ts`.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, optional, requiring, text } from '../../api2/parameters.ts'
import { route, type PveCall } from '../call.ts'

const guestConsole = { path: '/vms/{vmid}', privileges: ['VM.Console'] } as const
const nodeConsole = { path: '/nodes/{node}', privileges: ['Sys.Console'] } as const
const proxyParameters = { port: integer({ minimum: 5900, maximum: 5999 }), vncticket: text() }

const vncproxy = route('POST', '/nodes/{node}/qemu/{vmid}/vncproxy', {
  needs: guestConsole,
  parameters: { websocket: optional(flag()), 'generate-password': optional(flag()) },
  run(input, call) {
    const guest = call.cluster.guest(input.node, input.vmid)
    const wantsPassword = input['generate-password'] ?? false
    if (wantsPassword && !input.websocket)
      throw new ApiFault(400, 'Parameter verification failed.', {
        'generate-password': "'generate-password' is only possible with websocket",
      })
    const password = wantsPassword ? call.guestConsoles.makePassword() : undefined
    const proxy = call.consoles.open(call, {
      path: `/vms/${guest.vmid}`,
      node: guest.node,
      type: 'vncproxy',
      id: String(guest.vmid),
      serve: (socket, login) => call.guestConsoles.serveScreen(guest, password ?? login.ticket)(socket, login),
    })
    return { ...proxy, cert: call.certPem, ...(password === undefined ? {} : { password }) }
  },
})

const guestTermproxy = route('POST', '/nodes/{node}/qemu/{vmid}/termproxy', {
  needs: guestConsole,
  parameters: { serial: optional(choice('serial0', 'serial1', 'serial2', 'serial3')) },
  run(input, call) {
    const guest = call.cluster.guest(input.node, input.vmid)
    const port = input.serial ?? ['serial0', 'serial1', 'serial2', 'serial3'].find((name) => guest.settings[name] !== undefined)
    if (port === undefined || guest.settings[port] === undefined)
      throw new ApiFault(500, 'unable to find a serial interface')
    return call.consoles.open(call, {
      path: `/vms/${guest.vmid}`,
      node: guest.node,
      type: 'vncproxy',
      id: String(guest.vmid),
      serve: call.guestConsoles.serveGuestTerminal(guest),
    })
  },
})

const containerTermproxy = route('POST', '/nodes/{node}/lxc/{vmid}/termproxy', {
  needs: guestConsole,
  run(input, call) {
    const guest = call.cluster.guest(input.node, input.vmid, 'lxc')
    return call.consoles.open(call, {
      path: `/vms/${guest.vmid}`,
      node: guest.node,
      type: 'vncproxy',
      id: String(guest.vmid),
      serve: call.guestConsoles.serveGuestTerminal(guest),
    })
  },
})

const nodeTermproxy = route('POST', '/nodes/{node}/termproxy', {
  needs: nodeConsole,
  parameters: {
    cmd: optional(choice('upgrade', 'login', 'ceph_install')),
    'cmd-opts': optional(requiring('cmd', text())),
  },
  run(input, call) {
    const { name } = call.cluster.node(input.node)
    if ((input.cmd ?? 'login') !== 'login' && call.caller?.userId !== 'root@pam')
      throw new ApiFault(403, `Permission check failed (user != root@pam)`)
    return call.consoles.open(call, {
      path: `/nodes/${name}`,
      node: name,
      type: 'vncshell',
      id: '',
      serve: call.guestConsoles.serveNodeShell(name, call.caller?.tokenId ?? call.caller?.userId ?? ''),
    })
  },
})

/** Without an upgrade the answer is the port; with one the same checks stand before it. */
const checked = (call: PveCall, path: string, input: { port: number; vncticket: string }) => {
  call.consoles.check(call, path, input.vncticket)
  return { port: String(input.port) }
}

export const consoleRoutes = [
  vncproxy,
  guestTermproxy,
  containerTermproxy,
  nodeTermproxy,
  route('GET', '/nodes/{node}/qemu/{vmid}/vncwebsocket', {
    needs: guestConsole,
    parameters: proxyParameters,
    run: (input, call) => checked(call, `/vms/${input.vmid}`, input),
  }),
  route('GET', '/nodes/{node}/lxc/{vmid}/vncwebsocket', {
    needs: guestConsole,
    parameters: proxyParameters,
    run: (input, call) => checked(call, `/vms/${input.vmid}`, input),
  }),
  route('GET', '/nodes/{node}/vncwebsocket', {
    needs: nodeConsole,
    parameters: proxyParameters,
    run: (input, call) => checked(call, `/nodes/${input.node}`, input),
  }),
]
