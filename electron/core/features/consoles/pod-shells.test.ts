// Shells in pods of the demo cluster: which shell there is, its size, its end in words, and what cannot be had.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openKubeLab, type KubeLab, type ListAnswer } from '#demo/kubernetes/testing/kube-client.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { createConsolesLab, failureOf, type ConsolesLab } from './testing/consoles-lab.ts'

let lab: ConsolesLab
let kube: KubeLab
let connectionId: ConnectionId
let pod: string
beforeAll(async () => {
  ;[lab, kube] = await Promise.all([createConsolesLab(), openKubeLab()])
  const [draft] = kube.demo.drafts
  if (draft?.settings.kind !== 'kubernetes') throw new Error('no draft')
  connectionId = lab.connect(draft.label, draft.settings, draft.secrets)
  const { items } = await kube.get<ListAnswer>(
    '/api/v1/namespaces/desi-voids/pods?labelSelector=app.kubernetes.io/instance%3Dvoid-notebooks',
  )
  pod = items[0]!.metadata.name
})
afterAll(async () => {
  await lab.dispose()
  await kube.dispose()
})

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 20 })
const size = { columns: 90, rows: 30 }
const open = (name = pod, container?: string) =>
  lab.client.open({
    connectionId,
    size,
    target: { kind: 'pod', namespace: 'desi-voids', pod: name, ...(container ? { container } : {}) },
  })

describe('a shell in a pod', () => {
  it('opens in its first container, and ends with its exit code in words', async () => {
    const opened = await open()
    expect(opened).toMatchObject({ kind: 'terminal', title: pod })
    const page = lab.attach(opened)
    await until(() => expect(page.text()).toContain(`root@${pod}:`))
    await page.say('hostname; exit 3\r')
    expect(await lab.client.outcome({ consoleId: opened.consoleId })).toEqual({
      how: 'exited',
      exitCode: 3,
      message: 'The shell ended with exit code 3.',
      error: null,
    })
    expect(await page.channel.closed).toBe('The shell ended with exit code 3.')
    await until(() => expect(page.text()).toContain(`\n${pod}\r\n`))
  })

  it('is refused in the words of the cluster when there is no such pod or container', async () => {
    expect((await failureOf(open('gone'))).code).toBe('not-found')
    const error = await failureOf(open(pod, 'other'))
    expect(error.message).toContain('container other is not valid')
  })

  it('says that the API server has gone when it goes', async () => {
    const opened = await open()
    const page = lab.attach(opened)
    await until(() => expect(page.text()).toContain(`root@${pod}:`))
    kube.context.faults.set('kubernetes', 'server-error')
    const end = await lab.client.outcome({ consoleId: opened.consoleId })
    kube.context.faults.set('kubernetes', undefined)
    expect(end).toMatchObject({ how: 'lost', exitCode: null, error: { code: 'unreachable' } })
    expect(end.message).toContain(`The connection to the shell in ${pod} was cut`)
  })
})
