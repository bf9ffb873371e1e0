// Everything of the open site that has a console, to choose from by typing.
import { Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useMemo, useState, type KeyboardEvent } from 'react'
import { closeDialog } from '#client/dialogs.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { ConsoleAddress } from '#shared/model/console.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { EntityIcon } from '#ui/EntityIcon.tsx'
import { consoleOffers, type ConsoleOffer } from './console-targets.ts'

interface Choice extends ConsoleOffer {
  entity: Entity
}

const mostShown = 60

export function TargetPicker({ title, onPick }: { title?: string; onPick(address: ConsoleAddress): void }) {
  const entities = useInventory((state) => state.entities)
  const sources = useInventory((state) => state.sources)
  const site = useSession(currentSite)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const all = useMemo(
    () => [...entities.values()].flatMap((entity) => consoleOffers(entity, { site, sources }).map((offer): Choice => ({ ...offer, entity }))),
    [entities, site, sources],
  )
  const found = useMemo(() => search(all, text), [all, text])
  const shown = found.slice(0, mostShown)
  const pick = (choice: Choice | undefined): void => {
    if (!choice || choice.obstacle) return
    closeDialog()
    onPick(choice.address)
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') pick(shown[at])
    else if (event.key === 'ArrowDown') setAt(Math.min(at + 1, shown.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0))
    else return
    event.preventDefault()
  }
  return (
    <Modal opened onClose={closeDialog} title={title ?? 'Open a console'} size="lg">
      <Stack gap="xs">
        <TextInput
          aria-label="Target"
          placeholder="Name, VMID, namespace or address"
          leftSection={<IconSearch size={16} />}
          value={text}
          data-autofocus
          autoComplete="off"
          onChange={(event) => {
            setText(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={onKey}
        />
        <div className="console-choices" role="group" aria-label="Targets">
          {shown.map((choice, index) => (
            <UnstyledButton
              key={`${choice.entity.id} ${choice.id}`}
              className="console-choice"
              data-current={index === at || undefined}
              ref={index === at ? keepInSight : undefined}
              aria-disabled={choice.obstacle ? true : undefined}
              title={choice.obstacle ?? undefined}
              onClick={() => pick(choice)}
            >
              <EntityIcon kind={choice.entity.kind} size={16} />
              <span className="console-choice-name">{choice.entity.name}</span>
              <span className="console-choice-what">{choice.obstacle ?? describe(choice)}</span>
            </UnstyledButton>
          ))}
        </div>
        <Text size="xs" c="var(--text-dim)" role="status">
          {found.length === 0
            ? 'Nothing by that name has a console.'
            : found.length > mostShown
              ? `The first ${mostShown} of ${found.length}: type more of the name.`
              : `${found.length} to choose from. Enter opens the marked one.`}
        </Text>
      </Stack>
    </Modal>
  )
}

const keepInSight = (choice: HTMLElement | null): void => choice?.scrollIntoView({ block: 'nearest' })

const describe = ({ title, entity }: Choice): string => {
  const { vmid, node, namespace } = entity.facts
  return [title, vmid, namespace ?? node].filter((part) => part !== undefined && part !== null).join(' · ')
}

/** Every word must be found; names that begin with the text come first. */
function search(all: Choice[], text: string): Choice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const haystack = ({ entity, title }: Choice): string =>
    [entity.name, title, entity.facts['vmid'], entity.facts['namespace'], entity.facts['node'], ...entity.addresses].join(' ').toLowerCase()
  const rank = (choice: Choice): number =>
    (choice.obstacle ? 8 : 0) + (choice.entity.kind === 'pod' ? 4 : 0) + (choice.entity.name.toLowerCase().startsWith(words[0] ?? '') ? 0 : 2) + (choice.isMain ? 0 : 1)
  return all
    .filter((choice) => words.every((word) => haystack(choice).includes(word)))
    .sort((one, other) => rank(one) - rank(other) || one.entity.name.localeCompare(other.entity.name, 'en', { numeric: true }))
}
