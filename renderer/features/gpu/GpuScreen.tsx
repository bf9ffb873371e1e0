// The GPU console: a terminal on the host beside what its cards do: now, over time, and who uses them.
import './gpu.css'
import { Button, Select, SegmentedControl } from '@mantine/core'
import { IconCpu2, IconFolders } from '@tabler/icons-react'
import { useState } from 'react'
import { navigate, usePlace } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { openFiles, openGpu, sshConnectionsOf } from '#client/ssh-hosts.ts'
import { fromWireError } from '#shared/errors.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import { Age } from '#ui/Age.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { GpuCard } from './GpuCard.tsx'
import { GpuCharts } from './GpuCharts.tsx'
import { GpuProcesses } from './GpuProcesses.tsx'
import { HostTerminal } from './HostTerminal.tsx'
import { useGpu } from './use-gpu.ts'

const spans = [
  { value: String(15 * 60_000), label: '15 min' },
  { value: String(60 * 60_000), label: '1 h' },
  { value: String(24 * 60 * 60_000), label: '1 day' },
  { value: String(14 * 24 * 60 * 60_000), label: '14 days' },
]

export default function GpuScreen() {
  const { query } = usePlace()
  const site = useSession(currentSite)
  const hosts = sshConnectionsOf(site)
  // Without a choice the host whose name speaks of a GPU is the likeliest one.
  const chosen = hosts.find((one) => one.id === query.get('host')) ?? hosts.find(({ label }) => /gpu/i.test(label)) ?? hosts[0]
  if (!chosen)
    return (
      <EmptyState
        icon={<IconCpu2 size={40} />}
        title="No SSH host yet"
        action={<Button onClick={() => navigate('/connections')}>Add a connection</Button>}
      >
        The GPU console asks nvidia-smi on a host by SSH. Add an SSH connection to the host that has the card.
      </EmptyState>
    )
  return <GpuConsole key={chosen.id} host={chosen} hosts={hosts} />
}

function GpuConsole({ host, hosts }: { host: Connection; hosts: Connection[] }) {
  const [spanMs, setSpanMs] = useState(15 * 60_000)
  const { view, history } = useGpu(host.id, spanMs)
  const { reading, error } = view
  return (
    <div className="screen gpu">
      <div className="screen-head">
        <h1>GPU</h1>
        <Select
          aria-label="Host"
          data={hosts.map(({ id, label }) => ({ value: id, label }))}
          value={host.id}
          allowDeselect={false}
          searchable
          w={210}
          onChange={(id) => id && openGpu(id as ConnectionId)}
        />
        <span className="gpu-state" role="status" data-state={view.state}>
          {view.state === 'live' ? (
            <>live, every 3 s{reading?.driverVersion ? ` · driver ${reading.driverVersion}` : ''}</>
          ) : view.state === 'connecting' ? (
            'asking the host…'
          ) : reading ? (
            <>
              last seen <Age atMs={reading.atMs} />
            </>
          ) : (
            'nothing is known'
          )}
        </span>
        <SegmentedControl aria-label="Time span" size="xs" data={spans} value={String(spanMs)} onChange={(value) => setSpanMs(Number(value))} />
        <Button variant="default" ml="auto" leftSection={<IconFolders size={16} aria-hidden />} onClick={() => openFiles(host.id)}>
          Files
        </Button>
      </div>
      <div className="gpu-room">
        <HostTerminal host={host} />
        <div className="gpu-side" tabIndex={0} role="region" aria-label="GPU figures">
          {error ? <ErrorNotice error={fromWireError(error)} /> : null}
          {reading ? (
            <>
              <div className="gpu-cards" data-stale={view.state === 'failed' || undefined}>
                {reading.gpus.map((gpu) => (
                  <GpuCard key={gpu.uuid} gpu={gpu} />
                ))}
              </div>
              <GpuCharts gpus={reading.gpus} history={history} spanMs={spanMs} />
              <GpuProcesses host={host} reading={reading} isStale={view.state !== 'live'} />
            </>
          ) : null}
        </div>
      </div>
    </div>
  )
}
