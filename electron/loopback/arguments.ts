// What the loopback shell understands on its command line. `npm start` checks spelling for its users before this
// does; who calls the shell directly gets the same kind of sentence here.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '#shared/errors.ts'
import { usualDataDir } from './paths.ts'

export interface LoopbackArguments {
  /** 0 = any free one. */
  port: number
  /** Absolute. */
  dataDir: string
  opensDemo: boolean
  opensBrowser: boolean
}

/** Throws AppError `invalid-input` for what is not understood. */
export function readArguments(args: readonly string[]): LoopbackArguments {
  const values = parse(args)
  const port = Number(values.port ?? '0')
  if (!/^\d+$/.test(values.port ?? '0') || port > 65_535)
    throw new AppError('invalid-input', `"${values.port}" is no port.`, {
      remedy: 'Take a number from 1 to 65535, or leave --port away.',
    })
  return {
    port,
    dataDir: resolve(values['data-dir'] || usualDataDir()),
    opensDemo: values.demo ?? false,
    opensBrowser: !values['no-open'],
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        'data-dir': { type: 'string' },
        demo: { type: 'boolean' },
        'no-open': { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('. ', 1)[0] ?? '') : ''
    throw new AppError('invalid-input', `The command line was not understood: ${reason}.`, {
      remedy: 'Known are --port, --data-dir, --demo and --no-open.',
      cause,
    })
  }
}
