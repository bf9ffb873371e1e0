// The demo lab's switches: run it, break it on purpose, move its clock.
import { Alert, Button, Group, Select, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useSession } from '#client/session.store.ts'
import { demoFaults, demoServices, ownFaults, type DemoStatus } from '#shared/contracts/demo.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

const serviceNames: Record<(typeof demoServices)[number], string> = {
  proxmox: 'Proxmox VE',
  pbs: 'Proxmox Backup Server',
  kubernetes: 'Kubernetes',
  postgres: 'PostgreSQL',
  ssh: 'SSH',
  s3: 'Object store (S3)',
}
const faultNames: Record<(typeof demoFaults)[number], string> = {
  slow: 'Answers slowly',
  cut: 'Cuts connections',
  unauthorized: 'Refuses the credentials',
  'server-error': 'Fails inside',
  'expired-certificate': 'Shows an expired certificate',
  garbage: 'Answers garbage',
  'node-lost': 'A node loses power',
}

/** The choice that ends a fault. */
const works = 'works'

export function DemoPanel() {
  const client = useClient()
  const demo = useSession((state) => state.demo)
  const [error, setError] = useState<AppError | null>(null)
  if (!demo) return null
  const attempt = (work: Promise<unknown>): void => void work.then(() => setError(null), (thrown: unknown) => setError(toAppError(thrown)))
  const isUp = demo.state === 'running'
  return (
    <Stack maw={620}>
      <Text size="sm">
        A complete lab on this machine: real protocols on loopback addresses, a real PostgreSQL, throw-away credentials. Break
        it here to see how Meridian tells you.
      </Text>
      {demo.message ? <Alert variant="light">{demo.message}</Alert> : null}
      <Group>
        {isUp ? (
          <Button variant="default" onClick={() => attempt(client.demo.stop())}>
            Stop the demo lab
          </Button>
        ) : (
          <Button loading={demo.state === 'starting'} disabled={demo.state === 'unavailable'} onClick={() => attempt(client.demo.start())}>
            Start the demo lab
          </Button>
        )}
        {demo.state === 'starting' ? <Text size="sm">{demo.step}…</Text> : null}
      </Group>
      {error ? <ErrorNotice error={error} onClose={() => setError(null)} /> : null}
      {isUp ? <Faults demo={demo} attempt={attempt} /> : null}
    </Stack>
  )
}

function Faults({ demo, attempt }: { demo: DemoStatus; attempt: (work: Promise<unknown>) => void }) {
  const client = useClient()
  return (
    <>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>System</Table.Th>
            <Table.Th>Fault</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {demoServices.map((service) => (
            <Table.Tr key={service}>
              <Table.Td>{serviceNames[service]}</Table.Td>
              <Table.Td>
                <Select
                  aria-label={`Fault of ${serviceNames[service]}`}
                  size="xs"
                  allowDeselect={false}
                  data={[{ value: works, label: 'Works' }, ...demoFaults.filter((fault) => (ownFaults[fault] ?? service) === service).map((fault) => ({ value: fault, label: faultNames[fault] }))]}
                  value={demo.faults[service] ?? works}
                  onChange={(fault) => attempt(client.demo.setFault({ service, fault: fault === works ? null : (fault as (typeof demoFaults)[number]) }))}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group>
        <Text size="sm">The lab’s clock:</Text>
        {[1, 6, 24].map((hours) => (
          <Button key={hours} size="xs" variant="default" onClick={() => attempt(client.demo.advanceClock({ byMs: hours * 3_600_000 }))}>
            {hours} h forward
          </Button>
        ))}
      </Group>
    </>
  )
}
