// How hot a host's GPUs are, and nothing else: asked in the background, so no login question is ever put to a person.
import type { SshConnector } from './ssh-connector.ts'

export interface GpuTemperature {
  /** nvidia-smi's own number of the card. */
  index: string
  name: string
  celsius: number
}

const command = 'LC_ALL=C nvidia-smi --query-gpu=index,name,temperature.gpu --format=csv,noheader,nounits'

/** Cards whose sensor says nothing are left out. Rejects as the connection fails, or after 10 s. */
export async function readGpuTemperatures(ssh: Pick<SshConnector, 'exec'>, signal: AbortSignal): Promise<GpuTemperature[]> {
  const { stdout, exitCode } = await ssh.exec(command, { signal, timeoutMs: 10_000, maxOutputBytes: 64 * 1024 })
  if (exitCode !== 0) return []
  return stdout.split('\n').flatMap((line) => {
    const [index = '', name = '', celsius = ''] = line.split(',').map((cell) => cell.trim())
    return /^\d+$/.test(index) && /^\d+$/.test(celsius) ? [{ index, name, celsius: Number(celsius) }] : []
  })
}
