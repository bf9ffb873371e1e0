// A bulk action over a selection: which guests it takes and which it leaves out and why, what it needs to know, and then
// one list of what became of each.
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { useRights } from '#client/rights.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { openTasks, useTasks } from '#client/tasks.store.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { BulkResults } from './BulkResults.tsx'
import { cancelBulk, clearBulk, runBulk, useBulk } from './bulk.store.ts'
import { isPowerAction, verbWords } from './guest-commands.ts'
import { guestObstacle, type GuestVerb } from './guest-obstacles.ts'
import { guestRefOf } from './guest-ref.ts'
import { snapshotNameFault } from './SnapshotDialogs.tsx'
import { StorageSelect } from './StorageSelect.tsx'
import './guests.css'

export type BulkVerb = Extract<GuestVerb, 'start' | 'shutdown' | 'reboot' | 'suspend' | 'resume' | 'stop' | 'snapshot' | 'backup' | 'migrate'>

const titles: Record<BulkVerb, string> = {
  start: verbWords.start.title,
  shutdown: verbWords.shutdown.title,
  reboot: verbWords.reboot.title,
  suspend: verbWords.suspend.title,
  resume: verbWords.resume.title,
  stop: verbWords.stop.title,
  snapshot: 'Take snapshots of',
  backup: 'Back up',
  migrate: 'Migrate',
}

interface Options {
  snapshot: string
  storage: string | null
  target: string | null
}

export function BulkDialog({ guests, verb }: { guests: readonly Entity[]; verb: BulkVerb }) {
  const client = useClient()
  const run = useBulk((state) => state.run)
  const site = useSession(currentSite)
  const sources = useInventory((state) => state.sources)
  const rights = useRights((state) => state.rights)
  const [options, setOptions] = useState<Options>({ snapshot: `snap-${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`, storage: null, target: null })
  const [typed, setTyped] = useState('')
  const [isBegun, setBegun] = useState(false)
  const judged = useMemo(
    () => guests.map((guest) => ({ guest, obstacle: guestObstacle(guest, verb, { site, sources, rights }) ?? sameNode(guest, verb, options.target) })),
    [guests, verb, site, sources, rights, options.target],
  )
  const taken = judged.filter((item) => item.obstacle === null)
  const phrase = `${taken.length} ${taken.length === 1 ? 'guest' : 'guests'}`
  const title = `${titles[verb]} ${phrase}`
  if (isBegun && run) {
    const isWorking = run.items.some((item) => item.state === 'waiting' || item.state === 'beginning')
    return (
      <Modal opened onClose={closeDialog} title={run.title} size="xl">
        <BulkResults run={run} />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => openTasks()}>
            Show the tasks
          </Button>
          {isWorking ? (
            <Button variant="default" onClick={cancelBulk} disabled={run.isCancelled}>
              Begin no more
            </Button>
          ) : null}
          <Button
            onClick={() => {
              if (!isWorking) clearBulk()
              closeDialog()
            }}
          >
            Close
          </Button>
        </Group>
      </Modal>
    )
  }
  const missing = missingOf(verb, options, typed, phrase, taken.length)
  return (
    <Modal opened onClose={closeDialog} title={`${title}?`} size="lg">
      <Stack gap="sm">
        <BulkOptions verb={verb} guests={taken.map((item) => item.guest)} options={options} onChange={(changes) => setOptions((last) => ({ ...last, ...changes }))} />
        <table className="bulk-table">
          <tbody>
            {judged.map(({ guest, obstacle }) => (
              <tr key={guest.id}>
                <td>
                  {guest.name} <span className="dim">{String(guest.facts['vmid'])}</span>
                </td>
                <td>{obstacle ? <span className="dim">Left out: {obstacle}</span> : guest.status}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {verb === 'stop' ? (
          <>
            <Text size="sm">As pulling the plugs: what is not written to disk is lost.</Text>
            <TextInput label={`Type “${phrase}” to confirm`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" data-autofocus />
          </>
        ) : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            Cancel
          </Button>
          <ActionButton
            disabledReason={missing}
            {...(verb === 'stop' ? { color: 'red' } : {})}
            onClick={() => {
              setBegun(true)
              void runBulk(title, judged, (guest) => begin(client, guest, verb, options), runsAlone(verb) ? taskEnd : null)
            }}
          >
            {title}
          </ActionButton>
        </Group>
      </Stack>
    </Modal>
  )
}

const sameNode = (guest: Entity, verb: BulkVerb, target: string | null): string | null =>
  verb === 'migrate' && target !== null && guest.facts['node'] === target ? `It is on ${target} already.` : null

/** Copies many bytes: more at once would only stand in each other's way. */
const runsAlone = (verb: BulkVerb): boolean => verb === 'migrate' || verb === 'backup'

function missingOf(verb: BulkVerb, options: Options, typed: string, phrase: string, count: number): string | null {
  if (count === 0) return 'It fits none of them.'
  if (verb === 'snapshot') return snapshotNameFault(options.snapshot)
  if (verb === 'backup') return options.storage ? null : 'Choose a storage.'
  if (verb === 'migrate') return options.target ? null : 'Choose a node.'
  return verb === 'stop' && typed !== phrase ? `Type “${phrase}” first.` : null
}

function begin(client: Client, guest: Entity, verb: BulkVerb, options: Options): Promise<{ taskId: string }> {
  const ref = guestRefOf(guest)!
  if (verb === 'stop') return client.guests.interrupt({ ...ref, action: 'stop', confirmation: guest.name })
  if (verb === 'snapshot') return client.guests.takeSnapshot({ ...ref, snapshot: options.snapshot })
  if (verb === 'backup') return client.guests.backUp({ ...ref, storage: options.storage! })
  if (verb === 'migrate') return client.guests.migrate({ ...ref, target: options.target! })
  if (isPowerAction(verb)) return client.guests.power({ ...ref, action: verb })
  throw new Error(`No bulk action ${verb as string}`)
}

/** Resolves when the task is no longer running, as far as this page is told. */
const taskEnd = (taskId: string): Promise<void> =>
  new Promise((resolve) => {
    const isOver = (): boolean => {
      const task = useTasks.getState().tasks.get(taskId)
      return task !== undefined && task.state !== 'running'
    }
    if (isOver()) return resolve()
    const stop = useTasks.subscribe(() => {
      if (!isOver()) return
      stop()
      resolve()
    })
  })

function BulkOptions(props: { verb: BulkVerb; guests: readonly Entity[]; options: Options; onChange: (changes: Partial<Options>) => void }) {
  const { verb, guests, options, onChange } = props
  const [first] = guests
  const entities = useInventory((state) => state.entities)
  const wantsStorage = verb === 'backup' && first !== undefined
  const { value } = useLoaded(wantsStorage ? `backup ${first.id}` : null, (client, call) => client.guests.backupChoices(guestRefOf(first!)!, call))
  if (verb === 'snapshot') {
    const fault = snapshotNameFault(options.snapshot)
    return <TextInput label="Name of the snapshots" value={options.snapshot} error={fault} onChange={(event) => onChange({ snapshot: event.currentTarget.value })} data-autofocus />
  }
  if (verb === 'backup') return <StorageSelect label="Storage" storages={value?.storages ?? []} value={options.storage} onChange={(storage) => onChange({ storage })} />
  if (verb === 'migrate' && first) {
    const nodes = [...entities.values()].filter((entity) => entity.kind === 'node' && entity.connectionId === first.connectionId && entity.health !== 'error').map((entity) => entity.name)
    return <Select label="To the node" data={nodes.sort()} value={options.target} onChange={(target) => onChange({ target })} description="Each is checked on its own before it moves; what cannot go there is refused with the reason." />
  }
  return null
}
