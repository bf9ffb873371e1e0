// The screens and text consoles of the demo cluster's guests and nodes: what each shows, and for whom. A guest has one
// screen for all its viewers; it goes when the guest stops, moves or boots anew.
import { randomBytes } from 'node:crypto'
import type { WebSocket } from 'ws'
import { GuestScreen } from '../consoles/guest-screen.ts'
import { consolePassword, LoginTerminal, type TerminalProgram } from '../consoles/login-terminal.ts'
import { nodeMachine } from '../consoles/node-machine.ts'
import { RfbServer } from '../consoles/rfb-server.ts'
import { guestMachine } from '../ssh/guest-machine.ts'
import { createSession, type Machine } from '../ssh/shell/machine.ts'
import { ShellTerminal } from '../ssh/shell/terminal.ts'
import type { DemoGuest } from '../world/site.ts'
import type { Cluster } from './cluster.ts'
import type { ServeConsole } from './console-desk.ts'
import { isUp, type Guest } from './guest.ts'
import { serveTermproxy, type TerminalStart } from './termproxy.ts'

const kernel = '6.8.0-63-generic'
const lookEveryMs = 500
/** QEMU forgets a console's password after this. */
const passwordMs = 30_000

export class GuestConsoles {
  private readonly cluster: Cluster
  private readonly screens = new Map<number, GuestScreen>()
  private readonly nodes = new Map<string, Machine>()
  private readonly guests = new Map<number, Machine>()

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** A one-time password, as the server makes it. */
  makePassword(): string {
    return randomBytes(6).toString('base64').slice(0, 8)
  }

  /** RFB on the proxy's socket. */
  serveScreen(guest: Guest, password: string): ServeConsole {
    const setMs = this.cluster.nowMs()
    return (socket) => {
      // There is no QEMU to connect to.
      if (!isUp(guest)) {
        socket.close()
        return () => undefined
      }
      const home = guest.node
      const screen = this.screenOf(guest)
      const isExpired = this.cluster.nowMs() - setMs > passwordMs
      const server = new RfbServer({
        machine: screen,
        password: isExpired ? this.makePassword() : password,
        send: (bytes) => send(socket, bytes),
        end: () => socket.close(),
      })
      socket.on('message', (data) => server.feed(data as Buffer))
      socket.on('error', () => socket.terminate())
      const looking = setInterval(() => {
        const isThere = isUp(guest) && guest.node === home && guest.bootMs === screen.bootMs
        if (isThere && !this.cluster.isLost(home)) return
        this.forget(guest.vmid)
        socket.close()
      }, lookEveryMs)
      looking.unref()
      return () => {
        clearInterval(looking)
        server.dispose()
      }
    }
  }

  /** A guest's serial port or console: a getty that outlives no session here. */
  serveGuestTerminal(guest: Guest): ServeConsole {
    if (!isUp(guest))
      return (socket) => {
        socket.close()
        return () => undefined
      }
    return serveTermproxy((start) => {
      const { onExit: _hangUp, ...tty } = start
      const terminal = new LoginTerminal({
        ...tty,
        machineOf: (user) => this.machineOfGuest(guest, user),
        hostname: guest.name,
        issue: `${guest.osName} ${guest.name}\r\n\r\nMeridian demo lab: log in as astro or root, password "${consolePassword}".`,
      })
      start.write('\r\n')
      return terminal
    })
  }

  /** root@pam gets its shell at once; others log in to the node themselves. */
  serveNodeShell(name: string, userId: string): ServeConsole {
    return serveTermproxy((start) =>
      userId === 'root@pam' ? this.rootShell(name, start) : this.nodeLogin(name, start),
    )
  }

  dispose(): void {
    for (const vmid of [...this.screens.keys()]) this.forget(vmid)
  }

  private rootShell(name: string, start: TerminalStart): TerminalProgram {
    const machine = this.machineOfNode(name)
    return new ShellTerminal({
      session: createSession(machine, { isTerminal: true, columns: start.columns, rows: start.rows }),
      banner: `Linux ${name} ${machine.kernel} #1 SMP PREEMPT_DYNAMIC PMX x86_64\r\n\r\nThe programs included with the Debian GNU/Linux system are free software.\r\n`,
      write: start.write,
      onExit: start.onExit,
    })
  }

  private nodeLogin(name: string, start: TerminalStart): TerminalProgram {
    return new LoginTerminal({
      ...start,
      machineOf: (user) => (user === 'root' ? this.machineOfNode(name) : undefined),
      hostname: name,
      issue: `Welcome to the Proxmox Virtual Environment.\r\n\r\nMeridian demo lab: log in as root, password "${consolePassword}".`,
    })
  }

  private screenOf(guest: Guest): GuestScreen {
    const known = this.screens.get(guest.vmid)
    if (known?.bootMs === guest.bootMs) return known
    this.forget(guest.vmid)
    const screen = new GuestScreen({
      guest: {
        name: guest.name,
        osName: guest.osName,
        isWindows: guest.os === 'windows',
        vcpu: guest.vcpu,
        memoryBytes: guest.memoryBytes,
        kernel,
        bootMs: guest.bootMs,
      },
      machineOf: (user) => this.machineOfGuest(guest, user),
      nowMs: this.cluster.nowMs,
    })
    this.screens.set(guest.vmid, screen)
    return screen
  }

  private forget(vmid: number): void {
    this.screens.get(vmid)?.dispose()
    this.screens.delete(vmid)
    this.guests.delete(vmid)
  }

  private machineOfNode(name: string): Machine {
    const { site, nowMs } = this.cluster
    const known = this.nodes.get(name)
    if (known) return known
    const machine = nodeMachine(site, this.cluster.node(name), this.cluster.bootMsOf(name), nowMs)
    this.nodes.set(name, machine)
    return machine
  }

  private machineOfGuest(guest: Guest, user: string): Machine | undefined {
    if (user !== 'astro' && user !== 'root') return undefined
    const machine = this.guests.get(guest.vmid) ?? guestMachine(this.cluster.site, describe(guest, this.cluster), this.cluster.nowMs)
    this.guests.set(guest.vmid, machine)
    return user === 'root' ? { ...machine, user: 'root', uid: 0, home: '/root' } : machine
  }
}

/** The inventory's own entry, or for a clone one that looks like it. */
function describe(guest: Guest, { site }: Cluster): DemoGuest {
  const known = site.guests.find((one) => one.vmid === guest.vmid)
  if (known) return known
  const [model] = site.guests
  if (!model) throw new Error('The demo site has no guests.')
  return { ...model, vmid: guest.vmid, name: guest.name, node: guest.node, vcpu: guest.vcpu, nics: [] }
}

function send(socket: WebSocket, bytes: Buffer): void {
  if (socket.readyState === socket.OPEN) socket.send(bytes)
}
