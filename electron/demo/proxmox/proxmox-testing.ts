// What the Proxmox VE server's tests share: a running server on a set clock, and calls as each of its identities.
import { call, formOf, type PlainAnswer } from '../testing/api-client.ts'
import { createTestContext, type TestContext } from '../testing/demo-context.ts'
import { createLabBackups } from '../world/backups.ts'
import { demoTokens } from './identities.ts'
import { startProxmoxDemo, type ProxmoxDemo } from './proxmox-server.ts'

export interface Session {
  ticket: string
  csrf: string
}

export interface ProxmoxBench {
  context: TestContext
  demo: ProxmoxDemo
  /** As `meridian@pve!app` unless `headers` say otherwise. */
  send(
    method: string,
    path: string,
    parameters?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<PlainAnswer>
  logIn(parameters: Record<string, unknown>): Promise<PlainAnswer>
  dispose(): Promise<void>
}

export const tokenHeaders = (index: number): Record<string, string> => ({
  authorization: `PVEAPIToken=${demoTokens[index]?.tokenId}=${demoTokens[index]?.secret}`,
})

export const ticketHeaders = ({ ticket, csrf }: Session): Record<string, string> => ({
  cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`,
  csrfpreventiontoken: csrf,
})

/** Text of a field of an answer's data. */
export function field(answer: PlainAnswer, name: string): string {
  const { data } = answer
  if (typeof data !== 'object' || data === null) return ''
  return String(Object.entries(data).find(([key]) => key === name)?.[1] ?? '')
}

export const sessionOf = (answer: PlainAnswer): Session => ({
  ticket: field(answer, 'ticket'),
  csrf: field(answer, 'CSRFPreventionToken'),
})

/** A server whose lab begins at a fixed hour: 2026-11-24 (a Tuesday) at `clock`, UTC. */
export async function startBench(clock = '08:00'): Promise<ProxmoxBench> {
  const context = await createTestContext({ startMs: Date.parse(`2026-11-24T${clock}:00Z`) })
  const backups = createLabBackups(context.site, context.clock)
  const demo = await startProxmoxDemo(context, backups)
  const { caPem } = context.certificate('proxmox')
  const send: ProxmoxBench['send'] = (method, path, parameters = {}, headers = tokenHeaders(0)) => {
    const isQuery = method === 'GET' || method === 'DELETE'
    const form = formOf(parameters)
    const url = `${demo.url}/api2/json${path}${isQuery && form ? `?${form}` : ''}`
    if (isQuery) return call(url, caPem, method, { headers })
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return call(url, caPem, method, { headers: { ...headers, ...type }, body: form })
  }
  return {
    context,
    demo,
    send,
    logIn: (parameters) => send('POST', '/access/ticket', parameters, {}),
    async dispose() {
      await demo.dispose()
      backups.dispose()
      await context.dispose()
    },
  }
}
