// What people say and decide: attestations, accepted risks, reviewed lists, owners; and what was first seen when. Reads
// and writes the store in the words of the contract; knows no run.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { importedScan, scanRow, type ImportedScan } from '#shared/contracts/compliance.ts'
import { AppError } from '#shared/errors.ts'
import { attestation, exception, type Attestation, type Exception, type ReviewedList } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { ComplianceStore } from '../../../storage/compliance-store.ts'
import type { Catalogue } from '../catalogue.ts'

const savedList = z.object({
  id: z.string(),
  items: z.array(z.string()),
  owner: z.string(),
  reviewedAtMs: z.number(),
  nextReviewAtMs: z.number(),
})
const ownerRecord = z.object({ safeguardId: z.string(), owner: z.string() })
type ScanRow = z.infer<typeof scanRow>

const dayMs = 86_400_000
/** Nothing is true for longer than this without being looked at again. */
const maxValidityDays = 2 * 366

export type ComplianceRecord = ReturnType<typeof createComplianceRecord>

export function createComplianceRecord(store: ComplianceStore, catalogue: Catalogue, now: () => number) {
  const futureDate = (ms: number, what: string): void => {
    if (ms <= now()) throw new AppError('invalid-input', `${what} must lie in the future.`)
    if (ms > now() + maxValidityDays * dayMs) throw new AppError('invalid-input', `${what} must lie within two years.`)
  }
  const listDefinition = (id: string) => {
    const found = catalogue.lists.find((list) => list.id === id)
    if (!found) throw new AppError('not-found', 'There is no such list.')
    return found
  }
  const lists = (siteId: SiteId): ReviewedList[] => {
    const saved = new Map(store.records(siteId, 'list', savedList).map((list) => [list.id, list]))
    return catalogue.lists.map(({ id, title, purpose }) => {
      const own = saved.get(id)
      return {
        id,
        title,
        purpose,
        items: own?.items ?? [],
        owner: own?.owner ?? null,
        reviewedAtMs: own?.reviewedAtMs ?? null,
        nextReviewAtMs: own?.nextReviewAtMs ?? null,
      }
    })
  }
  const exceptions = (siteId: SiteId): Exception[] => store.records(siteId, 'exception', exception)

  return {
    attestations: (siteId: SiteId): Attestation[] => store.records(siteId, 'attestation', attestation),
    attest(siteId: SiteId, given: Omit<Attestation, 'id' | 'atMs'>): Attestation {
      if (!catalogue.framework.safeguards.some(({ id }) => id === given.safeguardId))
        throw new AppError('not-found', `There is no safeguard ${given.safeguardId}.`)
      futureDate(given.expiresAtMs, 'The date until which it holds')
      const made: Attestation = { ...given, id: randomUUID(), atMs: now() }
      store.putRecord(siteId, 'attestation', made.id, made.atMs, made)
      return made
    },
    withdraw(siteId: SiteId, id: string): void {
      if (!store.removeRecord(siteId, 'attestation', id)) throw new AppError('not-found', 'This attestation is no longer there.')
    },

    exceptions,
    except(siteId: SiteId, given: Omit<Exception, 'id' | 'atMs' | 'revokedAtMs'>): Exception {
      if (!catalogue.checks.some(({ id }) => id === given.checkId)) throw new AppError('not-found', `There is no check ${given.checkId}.`)
      if (given.requestedBy.toLowerCase() === given.approvedBy.toLowerCase())
        throw new AppError('invalid-input', 'Whoever asks for an exception cannot approve it.', { remedy: 'Name another person as the approver.' })
      futureDate(given.expiresAtMs, 'The end of the exception')
      const made: Exception = { ...given, id: randomUUID(), atMs: now(), revokedAtMs: null }
      store.putRecord(siteId, 'exception', made.id, made.atMs, made)
      return made
    },
    revoke(siteId: SiteId, id: string): void {
      const found = exceptions(siteId).find((one) => one.id === id)
      if (!found) throw new AppError('not-found', 'This exception is no longer there.')
      store.putRecord(siteId, 'exception', id, found.atMs, { ...found, revokedAtMs: found.revokedAtMs ?? now() })
    },

    lists,
    saveList(siteId: SiteId, given: { id: string; items: string[]; owner: string; nextReviewAtMs: number }): ReviewedList {
      listDefinition(given.id)
      futureDate(given.nextReviewAtMs, 'The next review')
      const items = [...new Set(given.items)].sort((left, right) => left.localeCompare(right, 'en', { numeric: true }))
      store.putRecord(siteId, 'list', given.id, now(), { ...given, items, reviewedAtMs: now() })
      return lists(siteId).find(({ id }) => id === given.id)!
    },

    owners: (siteId: SiteId): Map<string, string> =>
      new Map(store.records(siteId, 'owner', ownerRecord).map(({ safeguardId, owner }) => [safeguardId, owner])),
    setOwner(siteId: SiteId, safeguardId: string, owner: string | null): void {
      if (owner === null) store.removeRecord(siteId, 'owner', safeguardId)
      else store.putRecord(siteId, 'owner', safeguardId, now(), { safeguardId, owner })
    },

    /** First sights during one run; `keep` writes the new ones down. */
    rememberer(siteId: SiteId) {
      const known = store.seen(siteId)
      const fresh = new Map<string, number>()
      return {
        firstSeenMs(key: string): number {
          const ms = known.get(key) ?? now()
          if (!known.has(key)) {
            known.set(key, ms)
            fresh.set(key, ms)
          }
          return ms
        },
        keep: (): void => store.putSeen(siteId, fresh),
      }
    },

    scans: (siteId: SiteId): ImportedScan[] => store.records(siteId, 'scan', importedScan),
    /** The same file read twice is one scan. */
    addScan(siteId: SiteId, scan: ImportedScan, rows: readonly ScanRow[]): void {
      store.putRecord(siteId, 'scan', scan.fileSha256, scan.importedAtMs, scan)
      store.putRecord(siteId, 'scan-rows', scan.fileSha256, scan.importedAtMs, rows)
    },
    scanRows: (siteId: SiteId, fileSha256: string): ScanRow[] => store.record(siteId, 'scan-rows', fileSha256, z.array(scanRow)) ?? [],
    newestScan(siteId: SiteId, source: string, host: string): { observedMs: number; highFailures: number } | undefined {
      const found = store
        .records(siteId, 'scan', importedScan)
        .filter((scan) => scan.source === source && (scan.host === host || host.split(/\s+/).includes(scan.host)))
        .sort((left, right) => right.observedAtMs - left.observedAtMs)[0]
      return found && { observedMs: found.observedAtMs, highFailures: found.counts.fail ?? 0 }
    },
  }
}
