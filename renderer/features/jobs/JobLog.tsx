// A job's log: whole, then as it grows; one part or all; searched and saved. Works from the archive as well.
import { ActionIcon, Group, Select, Switch, Text, TextInput } from '@mantine/core'
import { IconDownload, IconSearch } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { follow } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { Job, JobPart } from '#shared/contracts/jobs.ts'
import { downloadText } from '#ui/download.ts'

/** What is kept in the page: more is in the archive, and in the saved file of a single part. */
const shownChars = 4_000_000

export function JobLog({ job, parts }: { job: Job; parts: JobPart[] }) {
  const client = useClient()
  const [part, setPart] = useState<string | null>(() => parts.find(({ name }) => name === 'ray-driver')?.name ?? null)
  const [text, setText] = useState('')
  const [isCut, setCut] = useState(false)
  const [search, setSearch] = useState('')
  const [isFollowing, setFollowing] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const controller = new AbortController()
    setText('')
    setCut(false)
    const read = async (): Promise<void> => {
      const first = new AbortController()
      const signal = AbortSignal.any([controller.signal, first.signal])
      await follow(
        async (options) => {
          setText('')
          const events = await client.jobs.log({ siteId: job.siteId, jobId: job.jobId, part }, options)
          return untilEnd(events, () => first.abort())
        },
        (event) => {
          setText((before) => (before + event.text).slice(-shownChars))
          if (event.isCut) setCut(true)
        },
        { signal },
      )
    }
    void read()
    return () => controller.abort()
  }, [client, job.siteId, job.jobId, part])
  const lines = useMemo(() => {
    const wanted = search.toLowerCase()
    return wanted === '' ? text : text.split('\n').filter((line) => line.toLowerCase().includes(wanted)).join('\n')
  }, [text, search])
  useEffect(() => {
    if (isFollowing && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [lines, isFollowing])
  return (
    <div className="job-log">
      <Group gap="xs" wrap="nowrap">
        {parts.length > 1 ? (
          <Select size="xs" aria-label="Part" w={240} data={[{ value: '', label: `All ${parts.length} parts` }, ...parts.map((one) => ({ value: one.name, label: one.index === null ? one.name : `Index ${one.index}` }))]} value={part ?? ''} allowDeselect={false} onChange={(value) => setPart(value || null)} />
        ) : null}
        <TextInput size="xs" aria-label="Find in the log" placeholder="Find" leftSection={<IconSearch size={14} />} value={search} onChange={(event) => setSearch(event.currentTarget.value)} w={180} />
        <Switch size="xs" label="Follow" checked={isFollowing} onChange={(event) => setFollowing(event.currentTarget.checked)} />
        <ActionIcon ml="auto" variant="default" aria-label="Save the log" disabled={text === ''} onClick={() => downloadText(text, `${job.objectName}.log`)}>
          <IconDownload size={15} />
        </ActionIcon>
      </Group>
      {isCut ? (
        <Text size="xs" c="var(--health-warning)">
          ▲ The log is longer than the 16 MiB that are kept of a part.
        </Text>
      ) : null}
      <div className="job-log-text" ref={box} tabIndex={0} role="log" aria-label="Log">
        {lines === '' ? <span className="job-dim">{text === '' ? emptyWords(job) : 'No line has these words.'}</span> : lines}
      </div>
    </div>
  )
}

const emptyWords = ({ state }: Job): string => (state === 'queued' || state === 'sending' ? 'It has not begun.' : 'Nothing has been written yet.')

/** `follow` begins anew when a stream ends; the log of a job ends for good. */
async function* untilEnd<T>(events: AsyncIterable<T>, onEnd: () => void): AsyncGenerator<T, void, void> {
  yield* events
  onEnd()
}
