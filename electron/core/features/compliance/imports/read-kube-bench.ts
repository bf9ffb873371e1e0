// Results of kube-bench (`kube-bench run --json`), with or without totals. WARN means that the test could not be made or
// is manual, which is unknown; a FAIL that shows a refused connection or missing rights is unknown too.
import { z } from 'zod'
import { kept, maxRows, refusal, type ScanReading } from './scan-lines.ts'
import type { Verdict } from '#shared/model/compliance.ts'

const result = z.object({
  test_number: z.string().min(1).max(60),
  test_desc: z.string(),
  status: z.enum(['PASS', 'FAIL', 'WARN', 'INFO']),
  scored: z.boolean().optional(),
  remediation: z.string().nullish(),
  actual_value: z.string().nullish(),
  expected_result: z.string().nullish(),
  reason: z.string().nullish(),
})
const control = z.object({
  id: z.string(),
  version: z.string(),
  node_type: z.string(),
  tests: z.array(z.object({ section: z.string(), results: z.array(result).nullable() })).nullable(),
})
const file = z.union([z.object({ Controls: z.array(control) }).transform(({ Controls }) => Controls), z.array(control)])

const couldNotLook = /connection refused|forbidden|unauthorized|permission denied|i\/o timeout|no such host|unable to connect/i

export function readKubeBench(fileName: string, text: string): ScanReading {
  const controls = file.safeParse(parseJson(fileName, text))
  if (!controls.success) {
    const [issue] = controls.error.issues
    const nested = issue?.code === 'invalid_union' ? issue.errors.flat()[0] : issue
    throw refusal(fileName, null, `it is not a kube-bench result (${nested?.path.map(String).join('.') ?? ''}: ${nested?.message ?? 'unreadable'}).`)
  }
  const rows = controls.data.flatMap(({ node_type: part, tests }) =>
    (tests ?? []).flatMap(({ results }) =>
      (results ?? []).map((one) => ({
        externalId: `${part} ${one.test_number}`,
        verdict: verdictOf(one),
        message: kept([one.test_desc, one.actual_value, one.reason].filter(Boolean).join(' – ')),
        remedy: one.remediation ? kept(one.remediation) : null,
      })),
    ),
  )
  if (rows.length === 0) throw refusal(fileName, null, 'it holds no test results.')
  if (rows.length > maxRows) throw refusal(fileName, null, `it holds ${rows.length} results; at most ${maxRows} can be read.`)
  return { sourceVersion: controls.data[0]?.version ?? null, observedAtMs: null, host: null, isPartial: false, rows }
}

function verdictOf(one: z.infer<typeof result>): Verdict {
  if (one.status === 'PASS') return 'pass'
  if (one.status === 'INFO') return 'not-applicable'
  if (one.status === 'WARN' || couldNotLook.test(`${one.actual_value ?? ''} ${one.reason ?? ''}`)) return 'unknown'
  return one.scored === false ? 'warn' : 'fail'
}

function parseJson(fileName: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const at = /position (\d+)/.exec(String(error))?.[1]
    const line = at === undefined ? null : text.slice(0, Number(at)).split('\n').length
    throw refusal(fileName, line, 'it is not JSON.')
  }
}
