// A whole core in a process that can be killed at any moment: calls come over the process's own channel, and the
// body of a stream is sent back chunk by chunk. Started by kill.test.ts only.
import { createHost } from '../host.ts'
import { createTestKeychain, createTestPlatform } from './test-platform.ts'

export type ToCore = { type: 'frame'; frame: string | Uint8Array } | { type: 'claim'; streamId: string }
export type FromCore =
  | { type: 'ready' }
  | { type: 'frame'; frame: string | Uint8Array }
  | { type: 'chunk'; streamId: string; chunk: Uint8Array }
  | { type: 'end'; streamId: string }

const dataDir = process.argv[2]
if (!dataDir || !process.send) throw new Error('This module is started by a test, with a data directory.')

const say = (message: FromCore): void => void process.send!(message)
const { platform, logBook } = await createTestPlatform({ dataDir, keychain: createTestKeychain() })
const host = await createHost(platform, logBook)
let deliver: (frame: string | Uint8Array) => void = () => undefined
host.connect(
  {
    send: (frame) => say({ type: 'frame', frame }),
    onFrame: (listener) => {
      deliver = listener
    },
    onClose: (listener) => process.on('disconnect', () => listener('The test has gone.')),
    close: () => process.disconnect(),
  },
  'kill test',
)

async function sendBody(streamId: string): Promise<void> {
  const claimed = host.streams.claim(streamId)
  if (!claimed) return say({ type: 'end', streamId })
  for await (const chunk of claimed.body) say({ type: 'chunk', streamId, chunk })
  say({ type: 'end', streamId })
}

process.on('message', (message: ToCore) => {
  if (message.type === 'frame') deliver(message.frame)
  else void sendBody(message.streamId).catch(() => say({ type: 'end', streamId: message.streamId }))
})
process.on('disconnect', () => process.exit(0))
say({ type: 'ready' })
