// Where there is room, first of all: every place that the template can run on now, with what is free there.
import { Progress, SimpleGrid, Text, UnstyledButton } from '@mantine/core'
import type { JobTarget } from '#shared/contracts/jobs.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { askedFor, targetKey, whyNoRoom, type Draft } from './job-form.ts'
import { targetWords } from './jobs.store.ts'

export function TargetCards({ targets, draft, onChoose }: { targets: JobTarget[]; draft: Draft; onChoose: (target: JobTarget) => void }) {
  const asked = askedFor(draft)
  const chosen = draft.target && draft.connectionId ? `${draft.target}/${draft.connectionId}` : null
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xs" role="radiogroup" aria-label="Where it runs">
      {targets.map((target) => (
        <TargetCard key={targetKey(target)} target={target} isChosen={targetKey(target) === chosen} shortage={whyNoRoom(target, asked)} onChoose={() => onChoose(target)} />
      ))}
    </SimpleGrid>
  )
}

function TargetCard({ target, isChosen, shortage, onChoose }: { target: JobTarget; isChosen: boolean; shortage: string | null; onChoose: () => void }) {
  return (
    <UnstyledButton className="job-target" role="radio" aria-checked={isChosen} data-chosen={isChosen || undefined} onClick={onChoose}>
      <div className="job-target-head">
        <b>{targetWords[target.kind]}</b>
        <span className="job-dim">{target.label}</span>
      </div>
      <div className="job-room">
        <Room label="Cores" room={target.cores} print={(value) => value.toFixed(value < 10 ? 1 : 0)} />
        <Room label="Memory" room={target.memoryBytes} print={formatBytes} />
        {target.gpus && target.gpus.total > 0 ? <Room label="GPUs" room={target.gpus} print={String} /> : null}
      </div>
      {shortage ? (
        <Text size="xs" c="var(--health-warning)">
          ▲ It would wait: {shortage}.
        </Text>
      ) : null}
      {target.note ? (
        <Text size="xs" c="var(--text-dim)" lineClamp={2}>
          {target.note}
        </Text>
      ) : null}
    </UnstyledButton>
  )
}

function Room({ label, room, print }: { label: string; room: JobTarget['cores']; print: (value: number) => string }) {
  return (
    <div>
      <div className="job-room-line">
        <span className="job-dim">{label}</span>
        <span>{room ? `${print(room.free)} of ${print(room.total)} free` : 'not known'}</span>
      </div>
      <Progress size={4} value={room && room.total > 0 ? 100 - (100 * room.free) / room.total : 0} aria-label={`${label} in use`} color={room && room.free / room.total < 0.1 ? 'yellow' : 'meridian'} />
    </div>
  )
}
