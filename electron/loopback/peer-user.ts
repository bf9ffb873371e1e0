// Which user of this machine is at the other end of a loopback connection. On Linux the kernel's socket tables
// tell; elsewhere it is not known. Used by the server to turn other users away even when they have got hold of a
// token or a cookie (both can be seen by others: in a process list, by a page on another port).
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'

/** The owner's user id of the client's socket, from tables in the format of `/proc/net/tcp`; undefined = not found. */
export function findSocketOwner(
  table: string,
  client: { port: number },
  server: { port: number },
): number | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [, local, remote, , , , , uid] = line.trim().split(/\s+/)
    if (
      local &&
      remote &&
      portOf(local) === client.port &&
      portOf(remote) === server.port &&
      isLoopback(remote)
    )
      return Number(uid)
  }
  return undefined
}

const portOf = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
/** 127.0.0.1 as the tables write it, alone or mapped into IPv6. */
const isLoopback = (address: string): boolean => /^(?:0{16}FFFF0000)?0100007F:/i.test(address)

/**
 * True when the connection certainly comes from another, unprivileged user. Root may (it can do everything anyway,
 * and relays of virtual machines run as root); when this process is root itself it cannot know whom it serves.
 */
export async function isOtherUser(socket: Socket): Promise<boolean> {
  const own = process.getuid?.()
  const { remotePort, localPort } = socket
  if (process.platform !== 'linux' || !own || remotePort === undefined || localPort === undefined)
    return false
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  )
  for (const table of tables) {
    const uid = findSocketOwner(table, { port: remotePort }, { port: localPort })
    if (uid !== undefined) return uid !== own && uid !== 0
  }
  return false
}
