// What speaks for a database's protection beyond its guest: dumps sent by the machine's own client, whose schedule no
// server tells, and the archiving of the write-ahead log, which PostgreSQL tells itself. Pure.
import type { Entity } from '#shared/model/inventory.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import type { Holdings } from './assess-coverage.ts'
import { skewOf, type Ground } from './ground.ts'
import { formatHours, type Promised } from './schedule.ts'

const hourMs = 3_600_000

/** The longest time between two kept dumps: what their client did, since nobody tells what it is told to do. */
export function judgeRhythm({ good }: Holdings, rpoHours: number): Promised {
  if (good.length < 2)
    return { state: 'unknown', text: 'Its dumps are made by its own client, whose schedule cannot be seen.' }
  let gapMs = 0
  for (let index = 1; index < good.length; index += 1)
    gapMs = Math.max(gapMs, good[index - 1]!.atMs - good[index]!.atMs)
  const seen = `Between two of its ${good.length} kept dumps lie up to ${formatDuration(gapMs)}`
  return gapMs <= rpoHours * hourMs
    ? { state: 'kept', text: `${seen}. Their schedule cannot be seen.` }
    : { state: 'broken', text: `${seen}, so dumps alone have not kept an RPO of ${formatHours(rpoHours)}.` }
}

export function evidenceOfDatabase(
  ground: Ground,
  server: Entity,
  machine: Entity | undefined,
  dumps: Holdings,
  images: Holdings,
): string[] {
  const part = ground.databases.find((it) => it.connectionId === server.connectionId)
  return [
    dumps.good.length > 0
      ? `${dumps.good.length} dumps are kept on the backup server, sent by the machine’s own client.`
      : 'No dump of it is known on a connected backup server.',
    images.good[0]
      ? `Its machine${machine ? `, ${machine.name},` : ''} is backed up as an image: that restores the server as after a power cut.`
      : machine
        ? `Its machine, ${machine.name}, has no image backup.`
        : 'Which machine it runs on is not known.',
    archiving(ground, part),
    'pgBackRest, Barman and other tools of its own cannot be seen from here.',
  ]
}

function archiving(ground: Ground, part: Ground['databases'][number] | undefined): string {
  const told = part?.reading
  if (!told) return 'Whether it archives its write-ahead log is not known: the server has not been asked yet.'
  if (!told.isArchiving)
    return 'It does not archive its write-ahead log (archive_mode is off): what was written after the last dump is lost.'
  const skewMs = part ? skewOf(part) : 0
  const age = (atMs: number): string => formatDuration(Math.max(0, ground.nowMs + skewMs - atMs))
  if (told.lastFailedAtMs !== null && told.lastFailedAtMs > (told.lastArchivedAtMs ?? 0))
    return `Archiving of its write-ahead log FAILS, last ${age(told.lastFailedAtMs)} ago.`
  return told.lastArchivedAtMs === null
    ? 'It is set to archive its write-ahead log, and has archived none yet.'
    : `It archives its write-ahead log, last ${age(told.lastArchivedAtMs)} ago; where to is not visible from here.`
}
