// Text consoles of Proxmox VE: a node's shell, a container's console, a virtual machine's serial port.
import { AppError, isAppError } from '#shared/errors.ts'
import {
  guestPath,
  nodePath,
  openTermproxy,
  type Termproxy,
} from '../../../connectors/proxmox/proxmox-consoles.ts'
import { closed, lost, type ConsoleBackend, type OpenConsole, type OpenRequest } from '../console-backend.ts'

export const openNodeTerminal: OpenConsole<'node'> = (request) =>
  open(request, nodePath(request.target.node), request.target.node, `the shell of ${request.target.node}`)

export const openContainerTerminal: OpenConsole<'container'> = (request) => {
  const { node, vmid } = request.target
  return open(request, guestPath(node, 'lxc', vmid), node, `the console of ${vmid}`)
}

export const openSerialTerminal: OpenConsole<'serial'> = async (request) => {
  const { node, vmid, port } = request.target
  try {
    return await open(request, guestPath(node, 'qemu', vmid), node, `${port} of ${vmid}`, { serial: port })
  } catch (error) {
    if (!isAppError(error) || !/serial/i.test(error.message)) throw error
    throw new AppError('unsupported', `The guest ${vmid} has no serial port ${port.slice(-1)}.`, {
      remedy: 'Add a serial port to its hardware, and let its system put a console on it.',
      detail: { kind: 'console', reason: 'no-serial-port' },
      cause: error,
    })
  }
}

async function open(
  request: Omit<OpenRequest, 'target'>,
  path: string,
  node: string,
  what: string,
  body?: Record<string, string>,
): Promise<ConsoleBackend> {
  const { core, connectionId, size, signal } = request
  const proxmox = core.connectors.proxmox(connectionId)
  const terminal = await openTermproxy(proxmox, path, { signal, ...(body ? { body } : {}) })
  // The server begins with 80 by 20 whatever the window is.
  terminal.resize(size)
  return toBackend(terminal, node, what)
}

function toBackend(terminal: Termproxy, node: string, what: string): ConsoleBackend {
  return {
    kind: 'terminal',
    place: node,
    output: terminal.output,
    write: (bytes) => terminal.write(bytes),
    resize: (size) => terminal.resize(size),
    ended: terminal.closed.then(({ code, isSilent }) =>
      // The proxy closes when its program ends; it tells no exit code.
      code === 1000 || code === 1005
        ? closed('The session has ended.')
        : lost(
            new AppError(
              'unreachable',
              isSilent ? `Proxmox VE stopped answering while ${what} was open.` : `The connection to ${what} was cut.`,
              {
                remedy: 'The guest may have been stopped or moved to another node, or the node restarted.',
                detail: { kind: 'console', reason: 'cut' },
              },
            ),
          ),
    ),
    dispose: () => terminal.close(),
  }
}
