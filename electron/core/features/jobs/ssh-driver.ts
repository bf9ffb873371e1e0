// Scripts on a machine over SSH. Each has a run directory whose making is what lets it exist only once; the supervisor
// beside the script starts it, outlives the connection and keeps log and status there.
import type { JobProblem } from '#shared/contracts/jobs.ts'
import { AppError } from '#shared/errors.ts'
import { quoteArgument } from '../../connectors/ssh/posix-quote.ts'
import type { SftpSession, SshConnector } from '../../connectors/ssh/ssh-connector.ts'
import type { JobRecord } from '../../storage/job-store.ts'
import { describeScript, scriptStatus, type ScriptStatus } from './describe-script.ts'
import type { JobDriver, Submission } from './job-driver.ts'
import { runDirectoryOf } from './labels.ts'
import type { Observation } from './observation.ts'

type Ssh = Pick<SshConnector, 'exec' | 'run' | 'sftp'>

const logStepBytes = 1024 * 1024
const noDirectory = 44

export function createSshDriver(ssh: Ssh): JobDriver {
  /** Undefined where the run directory is not there. */
  async function statusOf(record: JobRecord, signal: AbortSignal): Promise<ScriptStatus | undefined> {
    const directory = runDirectoryOf(record.job.jobId)
    const result = await ssh.exec(`test -d ${directory} || exit ${noDirectory}; test -f ${directory}/supervise.py && python3 ${directory}/supervise.py status`, {
      signal,
      timeoutMs: 20_000,
    })
    if (result.exitCode === noDirectory) return undefined
    // A directory without its supervisor: the upload was cut.
    if (result.stdout.trim() === '') return result.stderr.includes('python3') ? fail(result.stderr) : scriptStatus.parse({ state: 'not-started' })
    const parsed = scriptStatus.safeParse(parseJson(result.stdout))
    return parsed.success ? parsed.data : fail(result.stdout)
  }
  const fail = (text: string): never => {
    throw new AppError('upstream', `The run directory’s supervisor answered with something unreadable: ${text.trim().slice(0, 200)}`)
  }

  return {
    async check({ plan }, signal) {
      const problems: JobProblem[] = []
      const { stdout, exitCode } = await ssh.exec('command -v python3; df -Pk . | tail -n 1', { signal })
      if (!/python3/.test(stdout)) problems.push({ message: 'There is no python3 on this machine.', field: null, line: null })
      if (exitCode !== 0 && problems.length === 0) problems.push({ message: 'The home directory cannot be read.', field: null, line: null })
      const file = (plan.manifest as { environmentFile?: unknown }).environmentFile
      if (typeof file === 'string' && file !== '') {
        const found = await ssh.exec(`test -r ${homePath(file)}`, { signal })
        if (found.exitCode !== 0) problems.push({ message: `${file} is not there, or cannot be read.`, field: 'environmentFile', line: null })
      }
      return problems
    },

    async send(submission, signal) {
      const { record } = submission
      const directory = runDirectoryOf(record.job.jobId)
      await ssh.exec('mkdir -p .meridian/jobs', { signal })
      const made = await ssh.exec(`mkdir ${directory}`, { signal })
      if (made.exitCode !== 0) {
        // Made before, by an earlier attempt of this very submission: what it began stands.
        const status = await statusOf(record, signal)
        if (status === undefined) throw new AppError('upstream', `The run directory could not be made: ${made.stderr.trim().slice(0, 200)}`)
        if (status.state !== 'not-started') return
      }
      await upload(ssh, directory, submission, signal)
      const start = `python3 ${directory}/supervise.py start`
      const unit = `meridian-${record.job.jobId}`
      // A user's own systemd keeps it when the login session ends; where there is none it detaches itself.
      const result = await ssh.exec(`systemd-run --user --collect --quiet --unit=${unit} ${start} --foreground || ${start}`, { signal })
      if (result.exitCode !== 0) throw new AppError('upstream', `The script could not be started: ${result.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`)
    },

    find: async (record, signal) => {
      const status = await statusOf(record, signal)
      return status !== undefined && status.state !== 'not-started'
    },

    async observe(records, _ours, signal) {
      const own = new Map<string, Observation | null>()
      for (const record of records) {
        const status = await statusOf(record, signal)
        const limits = limitsOf(record)
        own.set(record.job.jobId, status === undefined ? null : describeScript(status, limits.cores, limits.memoryMiB))
      }
      return { own, others: [] }
    },

    events: async () => [],

    async *readLog(record, _part, kept, signal) {
      const log = `${runDirectoryOf(record.job.jobId)}/log`
      for (let from = kept.bytes; ;) {
        const { stdout } = await ssh.exec(`test -f ${log} && tail -c +${from + 1} ${log} | head -c ${logStepBytes}`, { signal, maxOutputBytes: 2 * logStepBytes })
        // Whole lines only: a piece may end in the middle of a character.
        const end = kept.isEnded && stdout.length < logStepBytes / 2 ? stdout.length : stdout.lastIndexOf('\n') + 1
        if (end === 0) return
        const text = stdout.slice(0, end)
        yield { text, isWhole: false }
        from += Buffer.byteLength(text)
        if (stdout.length < logStepBytes / 8) return
      }
    },

    async stop(record, signal) {
      const { exitCode, stderr } = await ssh.exec(`python3 ${runDirectoryOf(record.job.jobId)}/supervise.py stop`, { signal })
      if (exitCode !== 0) throw new AppError('upstream', `The script could not be stopped: ${stderr.trim().slice(0, 200)}`)
    },

    remove: async (record, signal) => void (await ssh.run(['rm', '-rf', runDirectoryOf(record.job.jobId)], { signal })),
  }
}

async function upload(ssh: Ssh, directory: string, { plan, rows }: Submission, signal: AbortSignal): Promise<void> {
  const { command, environmentFile, limits } = plan.manifest
  const files: Record<string, string | Uint8Array> = {
    ...plan.files,
    'plan.json': JSON.stringify({ command, environmentFile: environmentFile ?? null, limits: limits ?? {} }),
    ...(rows === null ? {} : { [rows.name]: rows.bytes }),
  }
  const session = await ssh.sftp({ signal })
  try {
    for (const [name, content] of Object.entries(files)) await put(session, `${directory}/${name}`, content)
  } finally {
    session.close()
  }
}

function put({ sftp, closed }: SftpSession, path: string, content: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new AppError('unreachable', 'The connection was lost while the files of the job were sent.', { remedy: 'Nothing was started; submit it again.' }))
    void closed.then(lost)
    sftp.writeFile(path, Buffer.from(content), { mode: 0o600 }, (error) => {
      if (error) reject(new AppError('upstream', `${path} could not be written: ${error.message}`))
      else resolve()
    })
  })
}

function limitsOf({ manifest }: JobRecord): { cores: number | null; memoryMiB: number | null } {
  const read = (name: string): number | null => {
    const value = Number(new RegExp(`^  ${name}: ([\\d.]+)$`, 'm').exec(manifest)?.[1])
    return Number.isFinite(value) ? value : null
  }
  return { cores: read('cores'), memoryMiB: read('memoryMiB') }
}

/** A path for the shell in which only a leading `~/` means anything. */
const homePath = (path: string): string => (path.startsWith('~/') ? `"$HOME"/${quoteArgument(path.slice(2))}` : quoteArgument(path))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}
