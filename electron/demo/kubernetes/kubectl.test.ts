// The demo API server as the machine's own kubectl uses it, with the kubeconfig of the draft. Skipped where there is
// no kubectl on the PATH.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeLab } from './testing/kube-client.ts'
import { openKubeLab } from './testing/kube-client.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0

interface Ran {
  code: number
  out: string
  err: string
}

describe.skipIf(!hasKubectl)('kubectl (skipped where it is not on the PATH)', () => {
  let lab: KubeLab
  let folder = ''

  beforeAll(async () => {
    lab = await openKubeLab()
    folder = mkdtempSync(join(tmpdir(), 'demo-kubectl-'))
    writeFileSync(join(folder, 'config'), lab.demo.kubeconfig, { mode: 0o600 })
  })
  afterAll(async () => {
    await lab.dispose()
    rmSync(folder, { recursive: true })
  })

  const kubectl = (line: string, options: { input?: string; context?: string } = {}): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const context = options.context === undefined ? [] : ['--context', options.context]
      const child = spawn('kubectl', [...context, ...line.split(' ')], {
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: folder,
          KUBECONFIG: join(folder, 'config'),
          KUBECACHEDIR: join(folder, 'cache'),
        },
        timeout: 18_000,
      })
      const ran: Ran = { code: -1, out: '', err: '' }
      child.stdout.on('data', (bytes: Buffer) => (ran.out += bytes.toString()))
      child.stderr.on('data', (bytes: Buffer) => (ran.err += bytes.toString()))
      child.on('error', reject)
      child.on('close', (code) => resolve({ ...ran, code: code ?? -1 }))
      child.stdin.end(options.input ?? '')
    })
  const shown = async (line: string, options?: { input?: string; context?: string }): Promise<string> => {
    const ran = await kubectl(line, options)
    expect(ran.err + (ran.code === 0 ? '' : `exit code ${ran.code}`)).toBe('')
    return ran.out
  }

  it('gets nodes with their roles and addresses', async () => {
    const lines = (await shown('get nodes -o wide')).trim().split('\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE/)
    expect(lines[4]).toMatch(/^proj-k8s04 +Ready +<none> +\d+d +v1\.32\.5\+rke2r1 +10\.25\.60\.13/)
  })
  it('gets pods of all namespaces, narrow and wide', async () => {
    const narrow = await shown('get pods -A')
    expect(narrow).toMatch(/^NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE/)
    expect(narrow).toMatch(/ray-quasars +qad-head-\w+ +1\/1 +Running +0/)
    expect(narrow).toMatch(/cloudy-grids .* 0\/1 +Completed/)
    expect(await shown('get pods -n desi-voids -o wide')).toMatch(
      /void-notebooks-\S+ +1\/1 .* 10\.42\.\d+\.\d+ +proj-k8s0\d/,
    )
    const names = await shown('get pods -A --chunk-size=7 -o name')
    expect(names.trim().split('\n')).toHaveLength(narrow.trim().split('\n').length - 1)
  })
  it('describes a pod and a node', async () => {
    const pod = await shown('describe pod -n desi-voids -l app.kubernetes.io/instance=void-notebooks')
    expect(pod).toContain('Controlled By:  ReplicaSet/void-notebooks-')
    expect(pod).toContain('ClaimName:  void-notebooks-work')
    const node = await shown('describe node proj-k8s02')
    expect(node).toContain('InternalIP:  10.25.60.5')
    expect(node).toMatch(/ray-quasars +qad-cpu-worker-\w+ +6 \(37%\)/)
  })
  it('reads logs and events', async () => {
    expect(
      (await shown('logs -n desi-voids deploy/void-notebooks --tail=4')).trim().split('\n'),
    ).toHaveLength(4)
    expect(await shown('get events -A')).toMatch(/ray-quasars .* raycluster\/qad +Created worker Pod/)
    expect(await shown('events -n ray-quasars')).toContain('CreatedWorkerPod')
  })
  it('finds the resources, custom ones included', async () => {
    expect(await shown('api-resources')).toMatch(/rayclusters +ray\.io\/v1 +true +RayCluster/)
    expect(await shown('get rayclusters -A')).toMatch(/ray-quasars +qad +6 +6 +40 +160Gi +0 +ready/)
    expect(await shown('get all -n cloudy-grids')).toContain('job.batch/cloudy-grid-logn3-logu1')
    expect(await shown('get crd -o name')).toContain(
      'customresourcedefinition.apiextensions.k8s.io/rayjobs.ray.io',
    )
    expect(await shown('version')).toContain('Server Version: v1.32.5+rke2r1')
  })
  it('shows what nodes and pods use', async () => {
    expect(await shown('top nodes')).toMatch(/proj-k8s01 +\d+m +\d+% +\d+Mi +\d+%/)
    expect(await shown('top pods -n ray-quasars')).toMatch(/qad-head-\w+ +\d+m +\d+Mi/)
  })
  it('runs commands in containers', async () => {
    expect(await shown('exec -n desi-voids deploy/void-notebooks -- hostname')).toMatch(/^void-notebooks-/)
    expect(await shown('exec -i -n desi-voids deploy/void-notebooks -- cat', { input: 'in and out\n' })).toBe(
      'in and out\n',
    )
    expect((await kubectl('exec -n desi-voids deploy/void-notebooks -- false')).code).toBe(1)
    expect((await kubectl('exec -n desi-voids deploy/void-notebooks -- nosuch')).err).toContain(
      'command not found',
    )
  })
  it('applies, changes, scales and deletes', async () => {
    const manifest = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
        },
      },
    })
    expect(await shown('apply -f -', { input: manifest })).toBe('deployment.apps/web created\n')
    lab.context.clock.advance(20_000)
    expect(await shown('rollout status deploy/web --timeout=15s')).toContain('successfully rolled out')
    expect(await shown('apply -f -', { input: manifest })).toBe('deployment.apps/web unchanged\n')
    expect(await shown('apply --server-side --force-conflicts -f -', { input: manifest })).toBe(
      'deployment.apps/web serverside-applied\n',
    )
    expect(await shown('scale deploy/web --replicas=3')).toBe('deployment.apps/web scaled\n')
    expect(await shown('set image deploy/web web=nginx:1.30')).toBe('deployment.apps/web image updated\n')
    lab.context.clock.advance(60_000)
    expect(await shown('get deploy web')).toMatch(/web +3\/3 +3 +3/)
    expect(await shown('label deploy web tier=front')).toBe('deployment.apps/web labeled\n')
    expect(await shown('cordon proj-k8s01')).toBe('node/proj-k8s01 cordoned\n')
    expect(await shown('get nodes proj-k8s01')).toContain('Ready,SchedulingDisabled')
    expect(await shown('delete deploy web --wait=false')).toBe('deployment.apps "web" deleted\n')
  })
  it('changes without doing it, waits, restarts and forwards', async () => {
    const job = JSON.stringify({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once', namespace: 'default' },
      spec: {
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1.37' }] },
        },
      },
    })
    expect(await shown('apply --dry-run=server -f -', { input: job })).toBe(
      'job.batch/once created (server dry run)\n',
    )
    expect((await kubectl('get job once')).err).toContain('NotFound')
    expect(await shown('apply -f -', { input: job })).toBe('job.batch/once created\n')
    const waiting = shown('wait --for=condition=complete job/once --timeout=15s')
    const ticking = setInterval(() => lab.context.clock.advance(30_000), 200)
    expect(await waiting).toBe('job.batch/once condition met\n')
    clearInterval(ticking)
    expect(await shown('diff -f -', { input: job })).toBe('')
    expect(await shown('delete job once')).toBe('job.batch "once" deleted\n')
    expect(await shown('rollout restart -n desi-voids deploy/void-notebooks')).toBe(
      'deployment.apps/void-notebooks restarted\n',
    )
  })
  it('forwards a port to a service, as many connections as are wanted', async () => {
    const child = spawn('kubectl', ['port-forward', '-n', 'ray-quasars', 'svc/qad-head-svc', ':8265'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: join(folder, 'config'), KUBECACHEDIR: join(folder, 'cache') },
    })
    try {
      const port = await new Promise<number>((resolve, reject) => {
        let said = ''
        const listen = (bytes: Buffer): void => {
          said += bytes.toString()
          const [, number] = /127\.0\.0\.1:(\d+) -> 8265/.exec(said) ?? []
          if (number !== undefined) resolve(Number(number))
        }
        child.stdout.on('data', listen)
        child.stderr.on('data', listen)
        child.on('close', () => reject(new Error(said)))
      })
      for (let round = 0; round < 3; round += 1) {
        const answer = await fetch(`http://127.0.0.1:${port}/api/version`, { headers: { connection: 'close' } })
        expect(await answer.json()).toHaveProperty('ray_version')
      }
    } finally {
      child.kill()
    }
  })
  it('drains a node', async () => {
    const draining = kubectl('drain proj-k8s04 --ignore-daemonsets --delete-emptydir-data --force --timeout=15s')
    const ticking = setInterval(() => lab.context.clock.advance(30_000), 200)
    const ran = await draining
    clearInterval(ticking)
    expect(ran.out).toContain('node/proj-k8s04 drained')
    expect(await shown('uncordon proj-k8s04')).toBe('node/proj-k8s04 uncordoned\n')
  })
  it('tells a researcher what is forbidden', async () => {
    const context = 'radioastronomy-rke2-researcher'
    expect(await shown('get pods', { context })).toContain('void-notebooks')
    expect((await kubectl('get secrets', { context })).err).toContain(
      'Error from server (Forbidden): secrets is forbidden',
    )
    expect(await shown('get ns -o name', { context: 'radioastronomy-rke2-certificate' })).toContain(
      'namespace/desi-voids',
    )
  })
})
