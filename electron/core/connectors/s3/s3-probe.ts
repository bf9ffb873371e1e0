// The connection test's questions to an object store: is the key accepted, may it list the bucket, what is in there.
import { isAppError, AppError } from '#shared/errors.ts'
import type { Probe } from '../probe.ts'
import { createS3Connector, type StoredObject } from './s3-connector.ts'

export const probeS3: Probe<'s3'> = async function* (settings, secrets, { signal }) {
  const connector = createS3Connector(settings, secrets)
  const where = `${settings.bucket}${settings.prefix === '' ? '' : `/${settings.prefix}`}`
  try {
    let first: StoredObject[] = []
    try {
      for await (const page of connector.pages(signal)) {
        first = page
        break
      }
    } catch (thrown) {
      const error = isAppError(thrown)
        ? thrown
        : new AppError('internal', 'The object store could not be asked.', { cause: thrown })
      if (error.code !== 'forbidden') {
        yield { step: 'authentication', state: 'failed', finding: error.message, error }
        return
      }
      yield { step: 'authentication', state: 'passed', finding: 'The access key is accepted.' }
      yield { step: 'permission', state: 'failed', finding: error.message, error }
      return
    }
    yield { step: 'authentication', state: 'passed', finding: 'The access key is accepted.' }
    yield {
      step: 'permission',
      state: 'passed',
      finding:
        first.length === 0
          ? `May list ${where}; nothing is there yet.`
          : `May list ${where}: ${first.length === 1000 ? '1000 objects or more' : `${first.length} objects`}.`,
    }
    yield { step: 'version', state: 'skipped', finding: 'S3 services do not tell their version.' }
  } finally {
    connector.dispose()
  }
}
