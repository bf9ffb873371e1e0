import { afterEach, describe, expect, it } from 'vitest'
import { createTestPlatform, type TestPlatform } from '#core/testing/test-platform.ts'
import { openHost } from './open-host.ts'

const grounds: TestPlatform[] = []
afterEach(async () => {
  for (const ground of grounds.splice(0)) await ground.dispose()
})

describe('the desktop host', () => {
  it('has its data directory for itself, and gives it back', async () => {
    const ground = await createTestPlatform()
    grounds.push(ground)
    const first = await openHost(ground.platform, ground.logBook)
    await expect(openHost(ground.platform, ground.logBook)).rejects.toMatchObject({ code: 'conflict' })
    await first.dispose()
    const second = await openHost(ground.platform, ground.logBook)
    await second.dispose()
  })
})
