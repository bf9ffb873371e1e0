// The jobs desk on the demo lab's Kubernetes and SSH servers, with a store of its own: can be restarted as after a kill,
// and can lose a request or its answer once.
import { join } from 'node:path'
import { AppError } from '#shared/errors.ts'
import type { JobOrder } from '#shared/contracts/jobs.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import { findPython } from '../../../../demo/containers/find-python.ts'
import { startKubernetesDemo } from '../../../../demo/kubernetes/kubernetes-server.ts'
import { startSshDemo } from '../../../../demo/ssh/ssh-server.ts'
import { createTestContext } from '../../../../demo/testing/demo-context.ts'
import { createConnectorDesk } from '../../../connector-desk.ts'
import { createPromptDesk } from '../../../prompt-desk.ts'
import { createJobLogs, createJobStore } from '../../../storage/job-store.ts'
import { openDatabase } from '../../../storage/database.ts'
import { createNotificationStore } from '../../../storage/notification-store.ts'
import { createSiteStore } from '../../../storage/site-store.ts'
import { createTestPlatform } from '../../../testing/test-platform.ts'
import type { Vault } from '../../../vault/vault.ts'
import { JobDesk } from '../job-desk.ts'
import { objectNameOf } from '../labels.ts'
import { createLogPrinter } from '../log-view.ts'

export const hasPython = (await findPython()) !== undefined

type Fault = 'lost-answer' | 'lost-request'
export type JobLab = Awaited<ReturnType<typeof createJobLab>>

export async function createJobLab() {
  const context = await createTestContext()
  await context.runner.ready()
  const kubernetes = await startKubernetesDemo(context)
  const ssh = await startSshDemo(context)
  const test = await createTestPlatform()
  let offsetMs = 0
  const platform = { ...test.platform, now: () => Date.now() + offsetMs }
  let database = openDatabase(join(platform.paths.data, 'meridian.sqlite'), platform.log)
  let sites = createSiteStore(database, () => ['kubeconfig', 'privateKey'])
  const site = sites.create('Lab')
  const secrets = new Map<ConnectionId, Partial<Record<string, string>>>()
  const add = (draft: (typeof kubernetes.drafts)[number]): ConnectionId => {
    const { id } = sites.addConnection(site.id, draft.label, draft.settings)
    secrets.set(id, draft.secrets)
    return id
  }
  const kubernetesId = add(kubernetes.drafts[0]!)
  const sshId = add(ssh.drafts.find(({ label }) => label === 'SSH proj-gpu01')!)
  const vault = { lease: (id: ConnectionId) => ({ read: (name: string) => secrets.get(id)?.[name] }) } as unknown as Vault
  const created: string[] = []
  let fault: Fault | undefined

  function open() {
    const connectors = createConnectorDesk({ sites, vault, platform, prompts: createPromptDesk(platform.now) })
    const real = connectors.kubernetes
    const desk = new JobDesk({
      platform,
      database,
      sites,
      vault,
      notifications: createNotificationStore(database, platform),
      connectors: { ...connectors, kubernetes: (id) => watched(real(id)) },
    })
    return { desk, connectors }
  }
  /** Counts what is created, and loses the request or the answer of a Job when it is told to. */
  const watched = (connector: ReturnType<ReturnType<typeof createConnectorDesk>['kubernetes']>): typeof connector => ({
    ...connector,
    async call(schema, call) {
      const isJob = call.method === 'POST' && call.path.endsWith('/jobs') && call.query?.['dryRun'] === undefined
      if (!isJob) return connector.call(schema, call)
      const lost = fault
      fault = undefined
      if (lost === 'lost-request') throw doubt()
      const answer = await connector.call(schema, call)
      created.push(String(call.body))
      if (lost === 'lost-answer') throw doubt()
      return answer
    },
  })
  const doubt = (): AppError => new AppError('unreachable', 'The connection was lost.', { detail: { kind: 'outcome-unknown', action: 'POST' } })
  let opened = open()
  const logs = createJobLogs(join(platform.paths.data, 'jobs'))
  const storeOf = () => createJobStore(database)
  const recordNamed = (name: string) => storeOf().list(site.id, 500).find(({ job }) => job.name === name)

  return {
    kubernetes,
    siteId: site.id as SiteId,
    kubernetesId,
    sshId,
    dataDir: platform.paths.data,
    log: platform.log,
    database: () => database,
    desk: () => opened.desk,
    faultOnce: (next: Fault) => void (fault = next),
    /** How often a Job of this name was created in the cluster. */
    created: (name: string): number => created.filter((body) => body.includes(`"${objectNameOf(name, recordNamed(name)?.job.jobId ?? '')}"`)).length,
    /** Moves the core's clock; the lab's own goes on as it is. */
    advance: (byMs: number) => void (offsetMs += byMs),
    /** Puts a record back to the moment between the store and the request. */
    forget(name: string, how: { wasSent: boolean; order?: JobOrder }) {
      const sample = recordNamed(how.wasSent ? name : 'sent before the kill')!
      const job = { ...sample.job, state: 'sending' as const, words: 'being sent' }
      if (how.wasSent) return storeOf().put({ ...sample, job })
      const { submissionId } = how.order!
      storeOf().add({ ...sample, order: how.order!, parts: [], events: [], captured: [], job: { ...job, jobId: submissionId, name, objectName: objectNameOf(name, submissionId), submittedAtMs: platform.now() } })
    },
    /** As after kill -9: a new process on the same file. */
    async restart() {
      await opened.desk.dispose()
      opened.connectors.dispose()
      database.dispose()
      database = openDatabase(join(platform.paths.data, 'meridian.sqlite'), platform.log)
      sites = createSiteStore(database, () => ['kubeconfig', 'privateKey'])
      opened = open()
    },
    cutSsh: () => {
      context.faults.set('ssh', 'cut')
      context.faults.set('ssh', undefined)
    },
    /** As it is shown. */
    async readLog(name: string, mayBeMissing = false): Promise<string> {
      const record = recordNamed(name)
      if (!record && !mayBeMissing) throw new Error(`No job ${name}`)
      let text = ''
      for (const part of record?.parts ?? []) {
        const printer = createLogPrinter()
        text += printer.add(await logs.read(record!.job.jobId, part.name, 0, 10_000_000)) + printer.finish()
      }
      return text
    },
    async dispose() {
      await opened.desk.dispose()
      opened.connectors.dispose()
      database.dispose()
      await ssh.dispose()
      await kubernetes.dispose()
      await context.dispose()
      await test.dispose()
    },
  }
}
