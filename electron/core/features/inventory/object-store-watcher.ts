// Object stores in the inventory: that the bucket answers this key. What is kept in it is the backups feature's to
// read. Every look is a request that AWS counts, so there are few.
import type { SettingsOf } from '#shared/model/connection.ts'
import { createS3Connector, type S3Connector } from '../../connectors/s3/s3-connector.ts'
import type { Watcher, WatcherContext } from './observation.ts'

export function openObjectStoreWatcher(context: WatcherContext, settings: SettingsOf<'s3'>): Watcher {
  const { connection, core } = context
  const connector = createS3Connector(settings, core.vault.lease(connection.id))
  return createObjectStoreWatcher(context, settings, connector)
}

/** The same over a given connector. */
export function createObjectStoreWatcher(
  context: WatcherContext,
  settings: SettingsOf<'s3'>,
  connector: Pick<S3Connector, 'headBucket' | 'dispose'>,
): Watcher {
  return {
    lookTimeoutMs: 30_000,
    shortestPauseMs: 5 * 60_000,
    async look({ signal }) {
      await connector.headBucket(signal)
      const scope = context.claimScope('s3', settings.bucket)
      await context.emit({
        entities: [
          {
            id: `s3/${scope}`,
            kind: 'object-store',
            layer: 'protection',
            name: settings.bucket,
            health: 'ok',
            status: 'reachable',
            parentId: null,
            connectionId: context.connection.id,
            tags: [],
            addresses: [],
            facts: {
              product: 'S3 object store',
              endpoint: new URL(settings.url).host,
              region: settings.region,
              prefix: settings.prefix === '' ? null : settings.prefix,
            },
          },
        ],
        edges: [],
      })
      return { limits: [] }
    },
    dispose: () => connector.dispose(),
  }
}
