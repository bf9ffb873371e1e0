// The local log, newest last: what to send along with a bug report. Credentials are masked before they get here.
import { Button, Group, ScrollArea, SegmentedControl, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { Remote } from '#client/remote.ts'
import type { LogLine } from '#shared/contracts/app.ts'
import { downloadText } from '#ui/download.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const levels = ['debug', 'info', 'warn', 'error'] as const
const asText = (line: LogLine): string => `${new Date(line.atMs).toISOString()} ${line.level.toUpperCase().padEnd(5)} ${line.text}`

export function LogPanel() {
  const client = useClient()
  const [log, setLog] = useState<Remote<LogLine[]>>({ state: 'loading' })
  const [level, setLevel] = useState<(typeof levels)[number]>('info')
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let isCurrent = true
    client.app.readLog({ limit: 2000 }).then(
      (value) => isCurrent && setLog({ state: 'ready', value }),
      (thrown: unknown) => isCurrent && setLog({ state: 'failed', error: toAppError(thrown) }),
    )
    return () => {
      isCurrent = false
    }
  }, [client, attempt])
  if (log.state === 'failed') return <ErrorNotice error={log.error} onRetry={() => setAttempt(attempt + 1)} />
  const lines = log.state === 'ready' ? log.value.filter((line) => levels.indexOf(line.level) >= levels.indexOf(level)) : []
  return (
    <>
      <Group mb="sm">
        <SegmentedControl aria-label="Least level" size="xs" data={[...levels]} value={level} onChange={(value) => setLevel(value as typeof level)} />
        <Button size="xs" variant="default" onClick={() => setAttempt(attempt + 1)}>
          Read again
        </Button>
        <Button size="xs" variant="default" onClick={() => downloadText(lines.map(asText).join('\n'), 'meridian-log.txt')}>
          Save
        </Button>
      </Group>
      <ScrollArea h="min(480px, 55vh)" viewportProps={{ tabIndex: 0, role: 'log', 'aria-live': 'off', 'aria-label': 'Log lines' }} bg="var(--surface-sunken)" p="sm">
        <Text component="pre" size="xs" ff="monospace" m={0} style={{ whiteSpace: 'pre-wrap' }}>
          {lines.length > 0 ? lines.map(asText).join('\n') : 'Nothing at this level yet.'}
        </Text>
      </ScrollArea>
    </>
  )
}
