// The demo lab's site: made by the demo feature, refused to everybody else.
import { describe, expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionDraft } from '#shared/model/connection.ts'
import type { DemoLauncher } from '../../platform.ts'
import { createTestHost } from '../../testing/test-host.ts'

const draft: ConnectionDraft = {
  label: 'DESI',
  settings: {
    kind: 'postgres',
    host: '127.0.0.1',
    port: 5432,
    database: 'desi',
    user: 'reader',
    tlsMode: 'verify',
    tls: { mode: 'system' },
  },
  secrets: { password: 'demo' },
}
const failureOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error('It was expected to fail.')),
    (error: AppError) => error,
  )

describe('the demo lab’s site', () => {
  const launcher: DemoLauncher = {
    start: () =>
      Promise.resolve({
        siteName: 'Demo lab',
        drafts: [draft],
        setFault() {},
        advanceClock() {},
        stop: () => Promise.resolve(),
      }),
  }

  it('is made by the demo lab alone', async () => {
    const lab = await createTestHost({ demo: launcher })
    await lab.client.demo.start()
    await expect.poll(async () => (await lab.client.demo.status()).state).toBe('running')
    const demo = (await lab.client.sites.list()).find((item) => item.isDemo)!
    const connectionId = demo.connections[0]!.id
    expect(demo.connections[0]!.storedSecrets).toEqual(['password'])
    const refused = [
      lab.client.sites.addConnection({ siteId: demo.id, draft }),
      lab.client.sites.updateConnection({ connectionId, draft }),
      lab.client.sites.duplicateConnection({ connectionId }),
      lab.client.sites.removeConnection({ connectionId }),
      lab.client.sites.duplicate({ siteId: demo.id }),
    ]
    for (const promise of refused)
      expect(await failureOf(promise)).toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('demo lab'),
      })
    expect((await lab.client.sites.update({ siteId: demo.id, isReadOnly: true })).isReadOnly).toBe(true)
    await lab.dispose()
  })
})
