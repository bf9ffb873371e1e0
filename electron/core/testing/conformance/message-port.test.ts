// Message ports inside one process: what the desktop's window and main process exchange, with Node's own ports.
import { MessageChannel } from 'node:worker_threads'
import { createPortPipe } from '#shared/wire/port-pipe.ts'
import { createConformanceCore } from './conformance-core.ts'
import { describeCarrier, type CarrierUnderTest } from './describe-carrier.ts'

describeCarrier('message port', async (): Promise<CarrierUnderTest> => {
  const core = createConformanceCore()
  return {
    async connect() {
      const { port1, port2 } = new MessageChannel()
      core.connect(createPortPipe(port2))
      return {
        calls: createPortPipe(port1),
        openChannel(channelId) {
          const channel = new MessageChannel()
          const coreEnd = createPortPipe(channel.port2)
          if (!core.channels.attach(channelId, coreEnd)) coreEnd.close('No such channel.')
          return createPortPipe(channel.port1)
        },
        vanish: () => port1.close(),
      }
    },
    dropCore: () => core.dropAll(),
    dispose: () => core.dropAll(),
  }
})
