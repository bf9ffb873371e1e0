// Files of SSH hosts: calls for looking and changing, tickets for downloads, channels for uploads. An upload goes into
// a hidden file beside its place and is moved there when all of it has come; whatever breaks off leaves nothing behind.
import { createHash, randomUUID } from 'node:crypto'
import { contract } from '#shared/contracts/index.ts'
import { AppError, isAppError, toWireError, type WireError, fromWireError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { ByteChannel } from '#shared/wire/byte-channel.ts'
import type { SftpFiles } from '../../connectors/ssh/sftp-files.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createFileSessions } from './file-sessions.ts'
import { joinPath, listFolder, nameOf, readText, removeTree, writeText } from './remote-files.ts'

type FilesCore = Pick<CoreServices, 'connectors' | 'sites' | 'pipeline' | 'streams' | 'channels'>
type UploadEnd = { sizeBytes: number; sha256: string } | WireError

const rememberUploadMs = 60_000
const stallMs = 60_000

export function createFilesFeature(core: FilesCore) {
  const { pipeline, streams, channels, sites } = core
  const sessions = createFileSessions(core)
  const uploads = new Map<string, Promise<UploadEnd>>()
  const closing = new AbortController()
  const whole = (signal: AbortSignal | undefined, peer: AbortSignal): AbortSignal =>
    AbortSignal.any([closing.signal, peer, ...(signal ? [signal] : [])])
  const onHost = (connectionId: ConnectionId, path: string): string =>
    `${path} on ${sites.getConnection(connectionId).label}`

  const os = implementFeature(contract.files, pipeline)
  const router = os.router({
    list: os.list.handler(({ input, signal, context }) =>
      sessions.with(input.connectionId, whole(signal, context.peer.signal), (files) => listFolder(files, input.path)),
    ),
    readText: os.readText.handler(({ input, signal, context }) =>
      sessions.with(input.connectionId, whole(signal, context.peer.signal), (files) => readText(files, input.path)),
    ),
    writeText: os.writeText.handler(({ input, signal, context }) => {
      context.audit?.describe(onHost(input.connectionId, input.path))
      return sessions.with(input.connectionId, whole(signal, context.peer.signal), (files) =>
        writeText(files, input.path, input.text, input.expected, draftNameOf(nameOf(input.path))),
      )
    }),
    makeDirectory: os.makeDirectory.handler(({ input, signal, context }) => {
      const path = joinPath(input.path, input.name)
      context.audit?.describe(onHost(input.connectionId, path))
      return sessions.with(input.connectionId, whole(signal, context.peer.signal), (files) => files.makeDirectory(path))
    }),
    rename: os.rename.handler(({ input, signal, context }) => {
      context.audit?.describe(`${onHost(input.connectionId, input.path)} → ${input.to}`)
      return sessions.with(input.connectionId, whole(signal, context.peer.signal), async (files) => {
        await refuseExisting(files, input.to)
        await files.rename(input.path, input.to)
      })
    }),
    setMode: os.setMode.handler(({ input, signal, context }) => {
      context.audit?.describe(`${onHost(input.connectionId, input.path)}: ${input.mode.toString(8)}`)
      return sessions.with(input.connectionId, whole(signal, context.peer.signal), (files) => files.setMode(input.path, input.mode))
    }),
    remove: os.remove.handler(({ input, signal, context }) => {
      const name = nameOf(input.path)
      if (input.confirmation !== name)
        throw new AppError('invalid-input', `Type “${name}” to delete it.`, { detail: { kind: 'confirmation', expected: name } })
      context.audit?.describe(onHost(input.connectionId, input.path))
      const ending = whole(signal, context.peer.signal)
      return sessions.with(input.connectionId, ending, async (files) => ({ removed: await removeTree(files, input.path, ending) }))
    }),
    download: os.download.handler(async ({ input, signal, context }) => {
      const ending = whole(signal, context.peer.signal)
      await sessions.with(input.connectionId, ending, async (files) => {
        const { kind } = await files.stat(input.path)
        if (kind !== 'file') throw new AppError('unsupported', `${nameOf(input.path)} is not a file.`)
      })
      return streams.offer(context.peer, {
        contentType: 'application/octet-stream',
        filename: nameOf(input.path),
        open: (reader) => download(input.connectionId, input.path, AbortSignal.any([reader, closing.signal])),
      })
    }),
    upload: os.upload.handler(async ({ input, signal, context }) => {
      const path = joinPath(input.path, input.name)
      context.audit?.describe(onHost(input.connectionId, path))
      const { files, release } = await sessions.hold(input.connectionId, whole(signal, context.peer.signal))
      try {
        if (!input.mayReplace) await refuseExisting(files, path)
      } catch (error) {
        release()
        throw error
      }
      const uploadId = randomUUID()
      const { promise, resolve } = Promise.withResolvers<UploadEnd>()
      const end = (result: UploadEnd): void => {
        release()
        resolve(result)
        setTimeout(() => uploads.delete(uploadId), rememberUploadMs).unref()
      }
      uploads.set(uploadId, promise)
      const channel = channels.open(
        context.peer,
        (bytes) => void receive(files, path, input.sizeBytes, bytes, closing.signal).then(end),
        () => end(toWireError(new AppError('cancelled', 'The upload was never begun.'))),
      )
      return { uploadId, channel }
    }),
    uploadOutcome: os.uploadOutcome.handler(async ({ input }) => {
      const end = await uploads.get(input.uploadId)
      if (end === undefined) throw new AppError('not-found', 'This upload is not known any more.')
      if ('code' in end) throw fromWireError(end)
      return end
    }),
  })

  async function* download(connectionId: ConnectionId, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { files, release } = await sessions.hold(connectionId, signal)
    try {
      yield* files.read(path, { signal })
    } finally {
      release()
    }
  }
  const dispose = (): void => {
    closing.abort()
    sessions.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}

const draftNameOf = (name: string): string => `.${name.slice(0, 200)}.meridian-${randomUUID().slice(0, 8)}`

async function refuseExisting(files: SftpFiles, path: string): Promise<void> {
  const known = await files.lookAt(path).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'not-found') return null
    throw error
  })
  if (known)
    throw new AppError('conflict', `${nameOf(path)} is there already.`, { remedy: 'Choose another name, or delete the old one first.' })
}

/** Takes exactly what was announced, then moves it to its place. Never rejects. */
async function receive(
  files: SftpFiles,
  path: string,
  sizeBytes: number,
  channel: ByteChannel,
  signal: AbortSignal,
): Promise<UploadEnd> {
  const draft = path.replace(/[^/]+$/, draftNameOf(nameOf(path)))
  const hash = createHash('sha256')
  try {
    await files.write(draft, announced(channel, sizeBytes, hash), { isNew: true, signal })
    await files.replace(draft, path)
    channel.close('done')
    return { sizeBytes, sha256: hash.digest('hex') }
  } catch (thrown) {
    await files.removeFile(draft).catch(() => undefined)
    const error = isAppError(thrown) ? thrown : new AppError('upstream', `The upload of ${nameOf(path)} broke off.`, { cause: thrown })
    channel.close(error.message)
    return toWireError(error)
  }
}

async function* announced(channel: ByteChannel, sizeBytes: number, hash: { update(bytes: Uint8Array): unknown }): AsyncGenerator<Uint8Array> {
  let left = sizeBytes
  const source = channel.incoming[Symbol.asyncIterator]()
  while (left > 0) {
    const { done, value } = await withinTime(source.next())
    if (done) throw new AppError('cancelled', 'The upload was given up.')
    left -= value.byteLength
    if (left < 0) throw new AppError('invalid-input', 'The file has grown while it was sent.', { remedy: 'Send it again.' })
    hash.update(value)
    yield value
  }
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError('timeout', 'The page sent nothing for a minute; the upload was ended.')), stallMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
