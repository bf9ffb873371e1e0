// A whole core with one site and one SSH connection to a real OpenSSH server, for tests of what is done over SSH.
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import { createByteChannel } from '#shared/wire/byte-channel.ts'
import type { ChannelTicket, StreamTicket } from '#shared/contracts/kernel.ts'
import type { Connection, Site } from '#shared/model/connection.ts'
import { startOpenSsh, type OpenSshServer } from '../connectors/ssh/testing/open-ssh-server.ts'
import { createMemoryPipes } from './memory-pipe.ts'
import { createTestHost, type TestHost } from './test-host.ts'
import { createTestKeychain } from './test-platform.ts'

export interface SshSite extends TestHost {
  server: OpenSshServer
  site: Site
  connection: Connection
  /** The page's end of a channel. */
  channel(ticket: ChannelTicket): ByteChannel
  /** Everything a stream ticket gives. */
  fetch(ticket: StreamTicket): Promise<Buffer>
}

/** `settings` are more lines of sshd_config. */
export async function createSshSite(options: { settings?: string[] } = {}): Promise<SshSite> {
  const server = await startOpenSsh(options)
  const core = await createTestHost({ keychain: createTestKeychain() })
  const site = await core.client.sites.create({ name: 'Lab' })
  const connection = await core.client.sites.addConnection({
    siteId: site.id,
    draft: { label: 'gpu01', settings: server.settings, secrets: { privateKey: server.privateKey } },
  })
  return {
    ...core,
    server,
    site,
    connection,
    channel(ticket) {
      const [page, host] = createMemoryPipes()
      if (!core.host.channels.attach(ticket.channelId, host)) throw new Error('The channel does not wait.')
      return createByteChannel(page)
    },
    async fetch(ticket) {
      const claimed = core.host.streams.claim(ticket.streamId)
      if (!claimed) throw new Error('The stream does not wait.')
      return Buffer.from(await new Response(claimed.body).arrayBuffer())
    },
    async dispose() {
      await core.dispose()
      await server.dispose()
    },
  }
}
