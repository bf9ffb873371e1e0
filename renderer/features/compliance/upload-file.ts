// A file on its way into the record: its bytes over a channel, its SHA-256 back.
import { AppError } from '#shared/errors.ts'
import type { Client } from '#client/client.ts'
import type { SiteId } from '#shared/model/connection.ts'

const chunkBytes = 256 * 1024
export const maxFileBytes = 50_000_000

/** Resolves with what the core computed. Rejects when the file is too large or the channel broke. */
export async function uploadFile(client: Client, siteId: SiteId, file: File): Promise<{ name: string; sha256: string }> {
  if (file.size === 0 || file.size > maxFileBytes)
    throw new AppError('invalid-input', `${file.name} ${file.size === 0 ? 'is empty' : 'is larger than 50 MB'}.`)
  const ticket = await client.compliance.uploadFile({ siteId, name: file.name, byteLength: file.size })
  const channel = client.openChannel(ticket)
  for (let start = 0; start < file.size; start += chunkBytes)
    await channel.write(new Uint8Array(await file.slice(start, start + chunkBytes).arrayBuffer()))
  for await (const chunk of channel.incoming) return { name: file.name, sha256: new TextDecoder().decode(chunk) }
  throw new AppError('unreachable', `${file.name} could not be kept: ${await channel.closed}`, { remedy: 'Attach it again.' })
}
