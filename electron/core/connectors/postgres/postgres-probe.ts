// The PostgreSQL part of the connection test: log in, look at what the role may see, read the version.
import { AppError } from '#shared/errors.ts'
import type { Probe } from '../probe.ts'

export const probePostgres: Probe<'postgres'> = async function* (settings) {
  const error = new AppError('unsupported', `PostgreSQL on ${settings.host} cannot be tested yet.`)
  yield { step: 'authentication', state: 'failed', finding: error.message, error }
}
