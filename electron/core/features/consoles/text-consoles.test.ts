// Text consoles of the demo cluster through the whole feature: logging in, framing, who may, how they end.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createContainer } from '#demo/proxmox/container.ts'
import { createClusterLab, failureOf } from './testing/consoles-lab.ts'

let lab: Awaited<ReturnType<typeof createClusterLab>>
beforeAll(async () => {
  lab = await createClusterLab()
})
afterAll(() => lab.dispose())

const size = { columns: 100, rows: 30 }
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 20 })

describe('the shell of a node', () => {
  it('is root’s at once for root@pam, takes its size, carries any bytes, and says when it has ended', async () => {
    const target = { kind: 'node', node: 'node03' } as const
    const opened = await lab.client.open({ connectionId: lab.asUser('root@pam'), target, size })
    expect(opened).toMatchObject({ kind: 'terminal', title: 'node03', isViewOnly: false })
    const page = lab.attach(opened)
    await until(() => expect(page.text()).toContain('root@node03:~# '))
    // Input is framed by its bytes, not its letters, in whatever pieces it comes.
    await page.say(Buffer.from('echo „Größe“: $COL'))
    await page.say('UMNS; hostname\r')
    await until(() => expect(Buffer.from(page.text(), 'latin1').toString('utf8')).toContain('„Größe“:'))
    await until(() => expect(page.text()).toContain('\nnode03\r\n'))
    await lab.client.resize({ consoleId: opened.consoleId, size: { columns: 132, rows: 40 } })
    await page.say('exit\r')
    expect(await lab.client.outcome({ consoleId: opened.consoleId })).toMatchObject({ how: 'closed', error: null })
    expect(await page.channel.closed).toBe('The session has ended.')
  })

  it('asks other users for a login of the node', async () => {
    const target = { kind: 'node', node: 'node01' } as const
    const page = lab.attach(await lab.client.open({ connectionId: lab.asUser('meridian@pve'), target, size }))
    await until(() => expect(page.text()).toContain('node01 login: '))
    await page.say('root\rwrong\r')
    await until(() => expect(page.text()).toContain('Login incorrect'))
    await page.say('root\rmeridian\r')
    await until(() => expect(page.text()).toContain('root@node01:~# '))
    expect(page.text()).not.toContain('meridian\r\n\r\nWelcome')
  })

  it('says honestly that this server gives none to an API token', async () => {
    const target = { kind: 'node', node: 'node01' } as const
    const error = await failureOf(lab.client.open({ connectionId: lab.asToken(0), target, size }))
    expect(error).toMatchObject({ code: 'forbidden', detail: { kind: 'console', reason: 'needs-login' } })
    expect(error.remedy).toContain('log in with user and password')
  })

  it('is refused without the right, in the server’s own words', async () => {
    const target = { kind: 'node', node: 'node01' } as const
    const error = await failureOf(lab.client.open({ connectionId: lab.asUser('auditor@pve'), target, size }))
    expect(error.code).toBe('forbidden')
    expect(error.message).toContain('Sys.Console')
  })
})

describe('the serial port of a guest', () => {
  it('shows its login; a guest without one says so', async () => {
    const connectionId = lab.asUser('meridian@pve')
    const on = (vmid: number) => ({
      connectionId,
      size,
      target: { kind: 'serial', node: lab.bench.demo.cluster.findGuest(vmid)!.node, vmid, port: 'serial0' } as const,
    })
    const page = lab.attach(await lab.client.open(on(2002)))
    await until(() => expect(page.text()).toContain('proj-pg01 login: '))
    const windows = lab.bench.demo.cluster.guests().find((guest) => guest.os === 'windows' && !guest.isTemplate)!
    const error = await failureOf(lab.client.open(on(windows.vmid)))
    expect(error).toMatchObject({ code: 'unsupported', detail: { reason: 'no-serial-port' } })
  })
})

describe('the console of a container', () => {
  it('shows its login; one that does not run is refused', async () => {
    const { cluster } = lab.bench.demo
    const place = { name: 'proj-ct01', node: 'node06', storage: 'nvmethin01' }
    cluster.addGuest(createContainer({ ...place, vmid: 5100, startedMs: cluster.nowMs() }))
    cluster.addGuest(createContainer({ ...place, vmid: 5101 }))
    const connectionId = lab.asUser('meridian@pve')
    const on = (vmid: number) => ({ connectionId, size, label: 'proj-ct01', target: { kind: 'container', node: 'node06', vmid } as const })
    const opened = await lab.client.open(on(5100))
    expect(opened).toMatchObject({ kind: 'terminal', title: 'proj-ct01' })
    const page = lab.attach(opened)
    await until(() => expect(page.text()).toContain('proj-ct01 login: '))
    const error = await failureOf(lab.client.open(on(5101)))
    expect(error).toMatchObject({ code: 'upstream', detail: { kind: 'console', reason: 'refused' } })
  })
})

describe('how a console ends', () => {
  const openNode = async () => {
    const target = { kind: 'node', node: 'node02' } as const
    const opened = await lab.client.open({ connectionId: lab.asUser('root@pam'), target, size })
    const page = lab.attach(opened)
    await until(() => expect(page.text()).toContain('root@node02'))
    return { opened, page }
  }
  const runningTasks = () =>
    lab.bench.demo.cluster.tasks.list().filter((task) => task.type === 'vncshell' && task.node === 'node02' && task.endMs === undefined)

  it('cut during output: with the reason and what may have happened, after what had arrived', async () => {
    const { opened, page } = await openNode()
    await page.say('cat /etc/pve/corosync.conf; sleep 30; hostname\r')
    await until(() => expect(page.text()).toContain('totem {'))
    lab.bench.context.faults.set('proxmox', 'server-error')
    const end = await lab.client.outcome({ consoleId: opened.consoleId })
    lab.bench.context.faults.set('proxmox', undefined)
    expect(end).toMatchObject({ how: 'lost', error: { code: 'unreachable', detail: { kind: 'console', reason: 'cut' } } })
    expect(await page.channel.closed).toBe('The connection to the shell of node02 was cut.')
  })

  it('with its tab: the task at the server ends, too', async () => {
    const { opened, page } = await openNode()
    expect(runningTasks()).toHaveLength(1)
    page.channel.close('The console was closed.')
    await until(() => expect(runningTasks()).toHaveLength(0))
    expect((await lab.client.outcome({ consoleId: opened.consoleId })).how).toBe('closed')
  })

  it('moves to another window with what was said before; the first is told', async () => {
    const { opened, page } = await openNode()
    await page.say('echo before\r')
    await until(() => expect(page.text()).toContain('\nbefore\r\n'))
    const second = lab.attach(await lab.client.take({ consoleId: opened.consoleId, size }))
    expect(await page.channel.closed).toBe('The console was moved to another window.')
    await until(() => expect(second.text()).toContain('\nbefore\r\n'))
    await second.say('echo after\r')
    await until(() => expect(second.text()).toContain('\nafter\r\n'))
    expect(page.text()).not.toContain('after')
    second.channel.close()
  })
})

describe('a read-only site', () => {
  it('refuses terminals before anything is asked of the server', async () => {
    lab.setReadOnly(true)
    const target = { kind: 'node', node: 'node03' } as const
    const error = await failureOf(lab.client.open({ connectionId: lab.asUser('root@pam'), target, size }))
    lab.setReadOnly(false)
    expect(error).toMatchObject({ code: 'forbidden', detail: { kind: 'read-only' } })
  })
})
