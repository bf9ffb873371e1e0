// Reading the audit log. Nothing here can change or delete a record.
import { contract } from '#shared/contracts/index.ts'
import type { AuditRecord } from '#shared/contracts/audit.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import type { AuditLog } from '../../storage/audit-log.ts'

export function createAuditFeature(core: CoreServices) {
  const os = implementFeature(contract.audit, core.pipeline)
  const router = os.router({
    list: os.list.handler(({ input }) => core.audit.list(input)),
    exportCsv: os.exportCsv.handler(({ context }) =>
      core.streams.offer(context.peer, {
        contentType: 'text/csv; charset=utf-8',
        filename: 'meridian-audit.csv',
        open: () => auditCsv(core.audit),
      }),
    ),
  })
  return { router } satisfies Feature<typeof router>
}

const columns = ['id', 'atMs', 'procedure', 'title', 'subject', 'siteId', 'outcome', 'message', 'elapsedMs'] as const

async function* auditCsv(audit: AuditLog): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  yield encoder.encode(`${columns.join(',')}\r\n`)
  let beforeId: number | undefined
  for (;;) {
    const page = audit.list({ limit: 1000, ...(beforeId === undefined ? {} : { beforeId }) })
    if (page.length === 0) return
    yield encoder.encode(page.map(toCsvLine).join(''))
    beforeId = page.at(-1)!.id
  }
}

const toCsvLine = (record: AuditRecord): string =>
  `${columns.map((column) => (column === 'atMs' ? new Date(record.atMs).toISOString() : quoteCsv(record[column]))).join(',')}\r\n`

const quoteCsv = (value: string | number | null): string => {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
