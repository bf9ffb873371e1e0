import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { findSocketOwner, isOtherUser } from './peer-user.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 12 1
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 13 1
   3: 0A00000A:C351 0B00000A:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 14 1`
const table6 = `  sl  local_address remote_address st
   0: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:1F90 01 0:0 0:0 0  1003 0 15 1`

it("finds the client's own entry, not the server's mirror of it", () => {
  expect(findSocketOwner(table, { port: 50_000 }, { port: 8080 })).toBe(1001)
})
it('finds a client that uses a socket of IPv6 for an address of IPv4', () => {
  expect(findSocketOwner(table6, { port: 50_002 }, { port: 8080 })).toBe(1003)
})
it('is not misled by connections to other machines, or by what is no table', () => {
  expect(findSocketOwner(table, { port: 50_001 }, { port: 8080 })).toBeUndefined()
  expect(findSocketOwner(table, { port: 1 }, { port: 8080 })).toBeUndefined()
  expect(findSocketOwner('', { port: 50_000 }, { port: 8080 })).toBeUndefined()
})
it('lets a connection of the same user pass', async () => {
  const arrival = Promise.withResolvers<Socket>()
  const server = createServer(arrival.resolve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  expect(await isOtherUser(await arrival.promise)).toBe(false)
  client.destroy()
  server.close()
})
