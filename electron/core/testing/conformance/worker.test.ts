// Message ports across a real thread boundary; losing the core here means that its thread is gone.
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect } from 'vitest'
import { createPortPipe } from '#shared/wire/port-pipe.ts'
import { describeCarrier, type CarrierUnderTest } from './describe-carrier.ts'
import type { WorkerDelivery } from './worker-core.ts'

describeCarrier('message port of a worker thread', async (): Promise<CarrierUnderTest> => {
  const worker = new Worker(new URL('./worker-core.ts', import.meta.url))
  const faults: unknown[] = []
  worker.on('error', (fault) => faults.push(fault))
  const deliver = (channelId?: string) => {
    const { port1, port2 } = new MessageChannel()
    const delivery: WorkerDelivery = { port: port2, ...(channelId === undefined ? {} : { channelId }) }
    worker.postMessage(delivery, [port2])
    return port1
  }
  return {
    async connect() {
      const port = deliver()
      return {
        calls: createPortPipe(port),
        openChannel: (channelId) => createPortPipe(deliver(channelId)),
        vanish: () => port.close(),
      }
    },
    dropCore: async () => void (await worker.terminate()),
    async dispose() {
      await worker.terminate()
      expect(faults).toEqual([])
    },
  }
})
