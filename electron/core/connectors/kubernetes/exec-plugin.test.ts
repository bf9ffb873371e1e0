import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { runExecPlugin } from './exec-plugin.ts'
import type { ExecPlugin, LoadedKubeconfig } from './kubeconfig.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exec-plugin-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function pluginOf(
  script: string,
  more: Partial<ExecPlugin> = {},
): Promise<[LoadedKubeconfig, ExecPlugin]> {
  const command = join(folder, `plugin-${Math.random().toString(36).slice(2)}`)
  await writeFile(command, `#!/bin/sh\n${script}\n`)
  await chmod(command, 0o755)
  const exec: ExecPlugin = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    args: [],
    env: {},
    provideClusterInfo: false,
    installHint: null,
    ...more,
  }
  const config: LoadedKubeconfig = {
    context: 'c',
    cluster: 'k',
    user: 'u',
    server: 'https://k8s.example.org:6443',
    namespace: null,
    caPem: null,
    tlsServerName: null,
    auth: { kind: 'exec', exec },
  }
  return [config, exec]
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

const answer = (status: object): string =>
  `echo '${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })}'`

describe.skipIf(process.platform === 'win32')(
  'runExecPlugin (skipped on Windows: the plugins are shell scripts)',
  () => {
    it('gives the token and its end', async () => {
      const [config, exec] = await pluginOf(
        answer({ token: 'tok', expirationTimestamp: '2030-01-01T00:00:00Z' }),
      )
      expect(await runExecPlugin(config, exec)).toEqual({
        token: 'tok',
        certPem: null,
        keyPem: null,
        expiresAtMs: Date.parse('2030-01-01T00:00:00Z'),
      })
    })

    it('passes arguments, environment and the cluster', async () => {
      const script =
        'printf \'{"kind":"ExecCredential","status":{"token":"%s %s"}}\' "$1$NAME" "$(echo "$KUBERNETES_EXEC_INFO" | grep -o "https://[a-z.0-9:]*")"'
      const [config, exec] = await pluginOf(script, {
        args: ['a'],
        env: { NAME: 'b' },
        provideClusterInfo: true,
      })
      expect((await runExecPlugin(config, exec)).token).toBe('ab https://k8s.example.org:6443')
    })

    it('says that the program is missing, with its hint', async () => {
      const [config, exec] = await pluginOf('', {
        command: 'no-such-login-program',
        installHint: 'Install it from example.org.',
      })
      const error = await failureOf(runExecPlugin(config, exec))
      expect(error.message).toContain('no-such-login-program')
      expect(error.remedy).toBe('Install it from example.org.')
    })

    it('shows the last line of what a failing program says, and none of its output', async () => {
      const [config, exec] = await pluginOf(
        'echo secret-on-stdout; echo first >&2; echo "session expired" >&2; exit 3',
      )
      const error = await failureOf(runExecPlugin(config, exec))
      expect(error).toMatchObject({ code: 'unauthenticated' })
      expect(error.message).toContain('failed (3): session expired')
      expect(error.message).not.toContain('secret-on-stdout')
    })

    it.each(['echo hello', 'echo \'{"kind":"Pod","status":{}}\'', answer({}), 'yes x | head -c 3000000'])(
      'refuses output that is no credential: %s',
      async (script) => {
        const [config, exec] = await pluginOf(script)
        expect((await failureOf(runExecPlugin(config, exec))).message).toContain('did not print a credential')
      },
    )

    it('ends the program when its signal fires', async () => {
      const mark = join(folder, 'ended-late')
      const [config, exec] = await pluginOf(`sleep 20; touch ${mark}`)
      const controller = new AbortController()
      const pending = failureOf(runExecPlugin(config, exec, controller.signal))
      setTimeout(() => controller.abort(), 50)
      expect((await pending).code).toBe('cancelled')
    })
  },
)
