// The backups feature: what is protected against which targets, and everything that can be done about it. Every input
// that names a connection is checked to be of the site it claims, because the write gate goes by the site.
import { contract } from '#shared/contracts/index.ts'
import type { GroupName } from '#shared/contracts/backups.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createBackupStore } from '../../storage/backup-store.ts'
import { createInventoryStore } from '../../storage/inventory-store.ts'
import { createBackupDesk } from './backup-desk.ts'
import { createBackupRuns } from './backup-runs.ts'
import type { Ground } from './ground.ts'
import { wholeName } from './ground.ts'
import { createKeyReader } from './offsite-pattern.ts'
import { restoreOf } from './read-offsite.ts'
import { createServerActions, groupTitle, placeOf, type Began } from './server-actions.ts'
import { snapshotViews } from './views.ts'

export type BackupsCore = Pick<
  CoreServices,
  'platform' | 'pipeline' | 'database' | 'sites' | 'vault' | 'connectors' | 'tasks'
>

export function createBackupsFeature(core: BackupsCore) {
  const store = createBackupStore(core.database)
  const desk = createBackupDesk(core, store, createInventoryStore(core.database))
  const actions = createServerActions(core)
  const runs = createBackupRuns(core)

  function own(siteId: SiteId, connectionId: ConnectionId): ConnectionId {
    if (core.sites.getConnection(connectionId).siteId === siteId) return connectionId
    throw new AppError('not-found', 'This connection is not of that site.', {
      remedy: 'Open the site that it belongs to.',
    })
  }
  const ownGroup = (siteId: SiteId, group: GroupName): GroupName => ({
    ...group,
    connectionId: own(siteId, group.connectionId),
  })
  const entityOf = (ground: Ground, group: GroupName): string | null =>
    ground.groupEntities.get(wholeName(group))?.id ?? null
  const label = (connectionId: ConnectionId): string => core.sites.getConnection(connectionId).label

  const os = implementFeature(contract.backups, core.pipeline)
  const router = os.router({
    watch: os.watch.handler(({ input, signal, context }) =>
      desk.watch(core.sites.get(input.siteId).id, signal ?? context.peer.signal),
    ),
    lastKnown: os.lastKnown.handler(({ input }) => desk.lastKnown(core.sites.get(input.siteId).id)),
    refresh: os.refresh.handler(({ input }) => desk.refresh(core.sites.get(input.siteId).id)),
    snapshots: os.snapshots.handler(async ({ input }) =>
      snapshotViews(await desk.ground(input.siteId), ownGroup(input.siteId, input.group)),
    ),
    readNotes: os.readNotes.handler(async ({ input, signal }) => ({
      notes: await actions.readNotes(ownGroup(input.siteId, input.group), input.backupTime, signal),
    })),
    setPolicy: os.setPolicy.handler(({ input, context }) => {
      const site = core.sites.get(input.siteId)
      createKeyReader(input.policy.offsite.pattern)
      context.audit?.describe(`Backup targets of ${site.name}`)
      const isPatternNew = store.policy(site.id).offsite.pattern !== input.policy.offsite.pattern
      store.setPolicy(site.id, input.policy)
      desk.policyChanged(site.id, isPatternNew)
    }),

    verify: os.verify.handler(async ({ input, context }) => {
      const { siteId, store: name, namespace, backupTime, isAgain } = input
      const connectionId = own(siteId, input.connectionId)
      const group = input.group && ownGroup(siteId, input.group)
      if (group && (group.connectionId !== connectionId || group.store !== name))
        throw new AppError('invalid-input', 'The group is not of that datastore.')
      const what = group
        ? `${groupTitle(group)}${backupTime === undefined ? '' : ` of ${new Date(backupTime * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`}`
        : placeOf({ store: name, namespace: namespace ?? '' })
      const began: Began = {
        siteId,
        connectionId,
        audit: context.audit,
        title: `Verify ${what}`,
        subject: group ? placeOf(group) : label(connectionId),
        entityId: group ? entityOf(await desk.ground(siteId), group) : null,
      }
      return actions.verify({ store: name, namespace, group, backupTime, isAgain }, began)
    }),
    collectGarbage: os.collectGarbage.handler(({ input, context }) => {
      const connectionId = own(input.siteId, input.connectionId)
      return actions.collectGarbage(input.store, {
        siteId: input.siteId,
        connectionId,
        audit: context.audit,
        entityId: null,
        title: `Collect garbage of ${input.store}`,
        subject: label(connectionId),
      })
    }),
    previewPrune: os.previewPrune.handler(({ input, signal }) =>
      actions.previewPrune(ownGroup(input.siteId, input.group), input.keep, signal),
    ),
    prune: os.prune.handler(async ({ input, context }) => {
      const group = ownGroup(input.siteId, input.group)
      checkConfirmation(group, input.confirmation)
      context.audit?.describe(`Prune ${groupTitle(group)} in ${placeOf(group)}`)
      const rows = await actions.prune(group, input.keep)
      desk.changed(input.siteId)
      return rows
    }),
    protect: os.protect.handler(async ({ input, context }) => {
      const group = ownGroup(input.siteId, input.group)
      context.audit?.describe(
        `${input.isProtected ? 'Protect' : 'Unprotect'} ${snapshotTitle(group, input.backupTime)}`,
      )
      await actions.protect(group, input.backupTime, input.isProtected)
      desk.changed(input.siteId)
    }),
    editNotes: os.editNotes.handler(async ({ input, context }) => {
      const group = ownGroup(input.siteId, input.group)
      context.audit?.describe(`Notes of ${snapshotTitle(group, input.backupTime)}`)
      await actions.editNotes(group, input.backupTime, input.notes)
      desk.changed(input.siteId)
    }),
    forget: os.forget.handler(async ({ input, context }) => {
      const group = ownGroup(input.siteId, input.group)
      checkConfirmation(group, input.confirmation)
      context.audit?.describe(`Forget ${snapshotTitle(group, input.backupTime)}`)
      await actions.forget(group, input.backupTime)
      desk.changed(input.siteId)
    }),
    runServerJob: os.runServerJob.handler(({ input, context }) => {
      const connectionId = own(input.siteId, input.connectionId)
      return actions.runJob(input.kind, input.id, {
        siteId: input.siteId,
        connectionId,
        audit: context.audit,
        entityId: null,
        title:
          input.kind === 'gc' ? `Collect garbage of ${input.id}` : `Run the ${input.kind} job ${input.id}`,
        subject: label(connectionId),
      })
    }),
    runBackupJob: os.runBackupJob.handler(({ input, context }) =>
      runs.runJob(input.siteId, own(input.siteId, input.connectionId), input.id, context.audit),
    ),
    backUpGuests: os.backUpGuests.handler(async ({ input, context }) => {
      const { entityById } = await desk.ground(input.siteId)
      const guests = input.entityIds.map((id) => {
        const guest = entityById.get(id)
        if (guest?.kind === 'guest') return guest
        throw new AppError('not-found', 'One of the guests is no longer in the inventory.', {
          remedy: 'Choose them anew.',
        })
      })
      for (const guest of guests) own(input.siteId, guest.connectionId)
      return runs.backUpGuests(input.siteId, guests, input, context.audit)
    }),
    requestRestore: os.requestRestore.handler(async ({ input, context }) => {
      const offsite = core.connectors.s3(own(input.siteId, input.connectionId))
      context.audit?.describe(`Restore ${input.key} (${input.tier}, ${input.days} d)`)
      let doubt: unknown
      try {
        await offsite.requestRestore(input.key, input)
      } catch (thrown) {
        if (!isAppError(thrown) || thrown.detail?.kind !== 'outcome-unknown') throw thrown
        doubt = thrown
      }
      const { restore } = restoreOf(await offsite.head(input.key))
      if (doubt && restore === 'archived') throw doubt
      desk.policyChanged(input.siteId, true)
      return { restore }
    }),
  })
  return { router, dispose: () => desk.dispose() } satisfies Feature<typeof router>
}

const snapshotTitle = (group: GroupName, backupTime: number): string =>
  `${groupTitle(group)}/${new Date(backupTime * 1000).toISOString().replace('.000', '')} in ${placeOf(group)}`

function checkConfirmation(group: GroupName, typed: string): void {
  const expected = groupTitle(group)
  if (typed.trim() === expected) return
  throw new AppError('invalid-input', `Type the group, “${expected}”, to confirm.`, {
    detail: { kind: 'confirmation', expected },
  })
}
