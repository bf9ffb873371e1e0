// The core of the conformance suite as a worker thread: it gets one message port per connection and per channel.
// Started by worker.test.ts only.
import { parentPort, type MessagePort } from 'node:worker_threads'
import { createPortPipe } from '#shared/wire/port-pipe.ts'
import { createConformanceCore } from './conformance-core.ts'

export interface WorkerDelivery {
  port: MessagePort
  /** Absent for a connection that carries calls. */
  channelId?: string
}

const core = createConformanceCore()
parentPort?.on('message', ({ port, channelId }: WorkerDelivery) => {
  const pipe = createPortPipe(port)
  if (channelId === undefined) core.connect(pipe)
  else if (!core.channels.attach(channelId, pipe)) pipe.close('No such channel.')
})
