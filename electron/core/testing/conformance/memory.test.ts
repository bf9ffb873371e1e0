// The in-memory carrier, which service tests use: it must behave as the real ones do.
import { createMemoryPipes } from '../memory-pipe.ts'
import { createConformanceCore } from './conformance-core.ts'
import { describeCarrier, type CarrierUnderTest } from './describe-carrier.ts'

describeCarrier('in memory', async (): Promise<CarrierUnderTest> => {
  const core = createConformanceCore()
  return {
    async connect() {
      const [calls, coreEnd] = createMemoryPipes()
      core.connect(coreEnd)
      return {
        calls,
        openChannel(channelId) {
          const [page, channelEnd] = createMemoryPipes()
          if (!core.channels.attach(channelId, channelEnd)) channelEnd.close('No such channel.')
          return page
        },
        vanish: () => calls.vanish(),
      }
    },
    dropCore: () => core.dropAll(),
    dispose: () => core.dropAll(),
  }
})
