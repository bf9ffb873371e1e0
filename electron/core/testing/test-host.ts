// The whole core in one process for tests: a test platform, the host, and a client that speaks to it through a
// memory pipe as a window would. Everything the core sent is kept, so that a test can search it.
import { contract } from '#shared/contracts/index.ts'
import { createTypedClient, type TypedClient } from '#shared/wire/typed-client.ts'
import { createHost, type Host } from '../host.ts'
import { createMemoryPipes } from './memory-pipe.ts'
import { createTestPlatform, type TestPlatform, type TestPlatformOptions } from './test-platform.ts'

export interface TestHost {
  client: TypedClient<typeof contract>
  host: Host
  test: TestPlatform
  /** Every frame that went from the core to the page, oldest first. */
  sent: Buffer[]
  /** Ends the host; the data directory goes too, unless it was given. */
  dispose(): Promise<void>
}

export async function createTestHost(options: TestPlatformOptions = {}): Promise<TestHost> {
  const test = await createTestPlatform(options)
  const host = await createHost(test.platform, test.logBook)
  const [page, core] = createMemoryPipes()
  const sent: Buffer[] = []
  host.connect(
    {
      ...core,
      send(frame) {
        sent.push(Buffer.from(frame))
        core.send(frame)
      },
    },
    'test window',
  )
  return {
    client: createTypedClient(contract, page),
    host,
    test,
    sent,
    async dispose() {
      page.close()
      await host.dispose()
      await test.dispose()
    },
  }
}
