// The first half of a run: Parse and Describe. Says what columns a statement will have before anything is executed,
// with their types' names, units and descriptions, so that the right format can be asked for each. Called by
// execute-statement.ts.
import { cancelled, type AppError } from '#shared/errors.ts'
import { parseColumnComment } from '#shared/model/sql-column-comment.ts'
import { ProtocolFault } from './decode/binary-values.ts'
import { isKnownType, planColumn, type DecodeColumn } from './decode/decode-plan.ts'
import { readFields, type DescribedColumn } from './decode/server-fields.ts'
import { brokenProtocol, connectionLost, serverError, type FaultMoment } from './postgres-errors.ts'
import type { PostgresSession } from './postgres-session.ts'
import { describeStatementMessage, MessageReader, parseMessage, syncMessage } from './wire-messages.ts'

/** How long a server may take to end what it was asked to cancel before the connection is cut. */
export const cancelGraceMs = 5_000

export interface DescribedStatement {
  columns: DecodeColumn[]
  /** False for statements that answer with no table at all (`SET`, `UPDATE` without RETURNING). */
  hasTable: boolean
}

/** Throws the server's error, `cancelled` when `signal` fires, `upstream` when the server lies. */
export async function describeStatement(
  session: PostgresSession,
  sql: string,
  signal: AbortSignal,
  moment: FaultMoment,
): Promise<DescribedStatement> {
  const described = await askColumns(session, sql, signal, moment)
  if (described === undefined) return { columns: [], hasTable: false }
  const facts = await lookUpFacts(session, described)
  const columns = described.map((column, index) => {
    const planned = planColumn(column, facts[index]?.typeName)
    const { unit, description } = parseColumnComment(facts[index]?.comment ?? null)
    if (unit !== null) planned.metadata['meridian.unit'] = unit
    if (description !== null) planned.metadata['meridian.description'] = description
    return planned
  })
  return { columns, hasTable: true }
}

function askColumns(
  session: PostgresSession,
  sql: string,
  signal: AbortSignal,
  moment: FaultMoment,
): Promise<DescribedColumn[] | undefined> {
  const { party } = session
  const reader = new MessageReader()
  let columns: DescribedColumn[] | undefined
  let failure: AppError | undefined
  return new Promise((resolve, reject) => {
    let graceTimer: NodeJS.Timeout | undefined
    const settle = (finish: () => void): void => {
      clearTimeout(graceTimer)
      signal.removeEventListener('abort', onAbort)
      session.lost.removeEventListener('abort', onLost)
      socket.giveBack()
      finish()
    }
    const onLost = (): void =>
      settle(() => reject(failure ?? (signal.aborted ? cancelled() : connectionLost(party))))
    const onAbort = (): void => {
      moment.isCancelRequested = true
      graceTimer = setTimeout(() => socket.destroy(), cancelGraceMs)
      session.requestCancel().catch(() => socket.destroy())
    }
    const socket = session.takeOver((chunk) => {
      try {
        for (const { letter, body } of reader.read(chunk)) {
          if (letter === 'T') columns = readFields.rowDescription(body)
          else if (letter === 'E') failure = serverError(readFields(body), party, moment)
          else if (letter === 'Z') return settle(() => (failure ? reject(failure) : resolve(columns)))
          else if (!'1tnNSA'.includes(letter))
            throw new ProtocolFault(`An unknown message (type ${letter.charCodeAt(0)}) arrived.`)
        }
      } catch (error) {
        socket.destroy()
        settle(() => reject(brokenProtocol(party, error instanceof Error ? error.message : 'Unreadable')))
      }
    })
    session.lost.addEventListener('abort', onLost, { once: true })
    signal.addEventListener('abort', onAbort, { once: true })
    if (session.lost.aborted) return onLost()
    if (signal.aborted) return settle(() => reject(cancelled()))
    socket.write(Buffer.concat([parseMessage(sql), describeStatementMessage(), syncMessage()]))
  })
}

interface ColumnFact {
  typeName: string | undefined
  comment: string | null
}

/** One small query for names of unknown types and comments of table columns; none when there is nothing to ask. */
async function lookUpFacts(
  session: PostgresSession,
  columns: readonly DescribedColumn[],
): Promise<ColumnFact[]> {
  if (!columns.some((column) => column.tableOid !== 0 || !isKnownType(column.typeOid))) return []
  const rows = await session.query<{ type_name: string | null; comment: string | null }>(
    `SELECT (SELECT t.typname FROM pg_catalog.pg_type t WHERE t.oid = asked.type_oid) AS type_name,
            (SELECT d.description FROM pg_catalog.pg_description d
             WHERE d.objoid = asked.table_oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
               AND d.objsubid = asked.attribute) AS comment
     FROM ROWS FROM (unnest($1::pg_catalog.oid[]), unnest($2::pg_catalog.oid[]), unnest($3::int4[]))
          WITH ORDINALITY AS asked (type_oid, table_oid, attribute, place)
     ORDER BY asked.place`,
    [
      columns.map((column) => column.typeOid),
      columns.map((column) => column.tableOid),
      columns.map((column) => column.attributeNumber),
    ],
  )
  return rows.map((row) => ({ typeName: row.type_name ?? undefined, comment: row.comment }))
}
