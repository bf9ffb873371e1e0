// Runs the credential plugin of a kubeconfig (client.authentication.k8s.io): a program of the user that prints a
// token or a certificate. It is found in the login shell's PATH, gets no terminal, and is ended when it takes too
// long. What it prints is a secret and is never logged; neither is its error output shown beyond one short line.
import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import { z } from 'zod'
import { AppError, cancelled } from '#shared/errors.ts'
import { maskValues } from '../foreign-text.ts'
import type { ExecPlugin, LoadedKubeconfig } from './kubeconfig.ts'
import { findProgram, loginShellPath } from './login-shell-path.ts'

export interface ExecCredential {
  token: string | null
  certPem: string | null
  keyPem: string | null
  /** Null = as long as the connector lives. */
  expiresAtMs: number | null
}

const timeoutMs = 45_000
const maxOutputBytes = 1024 * 1024

const credentialShape = z.object({
  kind: z.literal('ExecCredential'),
  status: z.object({
    expirationTimestamp: z.string().nullish(),
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
  }),
})

/** Rejects `unauthenticated` with what to do, `timeout`, or `cancelled`. */
export async function runExecPlugin(
  config: LoadedKubeconfig,
  exec: ExecPlugin,
  signal?: AbortSignal,
): Promise<ExecCredential> {
  const path = await loginShellPath()
  const program = await findProgram(exec.command, path)
  if (!program)
    throw new AppError(
      'unauthenticated',
      `The program ${exec.command}, which the kubeconfig logs in with, was not found.`,
      {
        remedy:
          exec.installHint?.slice(0, 500) ??
          'Install it, and see that the login shell’s PATH names its folder.',
      },
    )
  const output = await run(program, exec, environmentFor(config, exec, path), signal)
  return readCredential(output, exec)
}

function environmentFor(config: LoadedKubeconfig, exec: ExecPlugin, path: string): NodeJS.ProcessEnv {
  const cluster = {
    server: config.server,
    ...(config.caPem ? { 'certificate-authority-data': Buffer.from(config.caPem).toString('base64') } : {}),
    ...(config.tlsServerName ? { 'tls-server-name': config.tlsServerName } : {}),
  }
  const spec = { interactive: false, ...(exec.provideClusterInfo ? { cluster } : {}) }
  const info = JSON.stringify({ apiVersion: exec.apiVersion, kind: 'ExecCredential', spec })
  const own = process.env['PATH']
  return {
    ...process.env,
    PATH: own ? `${path}${delimiter}${own}` : path,
    ...exec.env,
    KUBERNETES_EXEC_INFO: info,
  }
}

function run(
  program: string,
  exec: ExecPlugin,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (signal?.aborted) return Promise.reject(cancelled())
  return new Promise((resolve, reject) => {
    const child = spawn(program, exec.args, { env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    let output = ''
    let complaint = ''
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      child.kill('SIGKILL')
      settle()
    }
    const fail = (error: AppError): void => finish(() => reject(error))
    const onAbort = (): void => fail(cancelled())
    const timer = setTimeout(
      () =>
        fail(
          new AppError(
            'timeout',
            `The program ${exec.command} did not answer within ${timeoutMs / 1000} s.`,
            { remedy: 'Run it once in a terminal: it may be waiting for a login in the browser.' },
          ),
        ),
      timeoutMs,
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (output.length > maxOutputBytes) fail(unreadable(exec))
    })
    child.stderr
      .setEncoding('utf8')
      .on('data', (chunk: string) => (complaint = (complaint + chunk).slice(0, 4000)))
    child.on('error', (cause) =>
      fail(
        new AppError('unauthenticated', `The program ${exec.command} could not be started.`, {
          remedy: 'Check that it may be run by this user.',
          cause,
        }),
      ),
    )
    child.on('close', (status) => {
      if (status === 0) return finish(() => resolve(output))
      const said = maskValues(complaint, secretsOf(exec)).trim().split('\n').at(-1)?.slice(0, 200) ?? ''
      fail(
        new AppError(
          'unauthenticated',
          `The program ${exec.command} failed (${status ?? 'ended by a signal'})${said === '' ? '' : `: ${said}`}.`,
          {
            remedy: 'Run it once in a terminal to log in again.',
          },
        ),
      )
    })
  })
}

/** What the kubeconfig hands to the program and its complaint may repeat. */
const secretsOf = ({ env, args }: ExecPlugin): string[] => [
  ...Object.values(env),
  ...args.flatMap((arg, index) => {
    const isNamed = /secret|password|token/i
    if (isNamed.test(args[index - 1] ?? '') && !arg.startsWith('-')) return [arg]
    const [name = '', ...value] = arg.split('=')
    return isNamed.test(name) ? [value.join('=')] : []
  }),
]

function readCredential(output: string, exec: ExecPlugin): ExecCredential {
  let value: unknown
  try {
    value = JSON.parse(output)
  } catch {
    throw unreadable(exec)
  }
  const parsed = credentialShape.safeParse(value)
  if (!parsed.success) throw unreadable(exec)
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = parsed.data.status
  if (!token && !(clientCertificateData && clientKeyData)) throw unreadable(exec)
  const expiresAtMs = expirationTimestamp ? Date.parse(expirationTimestamp) : NaN
  return {
    token: token ?? null,
    certPem: clientCertificateData ?? null,
    keyPem: clientKeyData ?? null,
    expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
  }
}

const unreadable = (exec: ExecPlugin): AppError =>
  new AppError(
    'unauthenticated',
    `The program ${exec.command} did not print a credential that Kubernetes knows.`,
    {
      remedy: 'Update the program, or run it in a terminal to see what it says.',
    },
  )
