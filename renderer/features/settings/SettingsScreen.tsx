// Settings in four groups: appearance, data, the vault, and what helps when something is wrong (log, demo faults).
import { Select, Stack, Tabs } from '@mantine/core'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { navigate, usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import type { Settings } from '#shared/contracts/app.ts'
import { DemoPanel } from './DemoPanel.tsx'
import { LogPanel } from './LogPanel.tsx'
import { NumberSetting } from './NumberSetting.tsx'
import { VaultPanel } from './VaultPanel.tsx'

const sections = ['appearance', 'data', 'vault', 'demo', 'log'] as const

export default function SettingsScreen() {
  const wanted = usePlace().query.get('section') ?? ''
  const section = (sections as readonly string[]).includes(wanted) ? wanted : 'appearance'
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>Settings</h1>
      </div>
      <div className="screen-body">
        <Tabs value={section} onChange={(value) => navigate('/settings', { section: value ?? 'appearance' })} keepMounted={false}>
          <Tabs.List mb="lg">
            <Tabs.Tab value="appearance">Appearance</Tabs.Tab>
            <Tabs.Tab value="data">Data</Tabs.Tab>
            <Tabs.Tab value="vault">Vault</Tabs.Tab>
            <Tabs.Tab value="demo">Demo lab</Tabs.Tab>
            <Tabs.Tab value="log">Log</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="appearance">
            <AppearancePanel />
          </Tabs.Panel>
          <Tabs.Panel value="data">
            <DataPanel />
          </Tabs.Panel>
          <Tabs.Panel value="vault">
            <VaultPanel />
          </Tabs.Panel>
          <Tabs.Panel value="demo">
            <DemoPanel />
          </Tabs.Panel>
          <Tabs.Panel value="log">
            <LogPanel />
          </Tabs.Panel>
        </Tabs>
      </div>
    </div>
  )
}

function useSettings(): [Settings | null, (changes: Partial<Settings>) => void] {
  const client = useClient()
  const settings = useSession((state) => state.settings)
  return [settings, (changes) => void attempt('The setting could not be kept', client.app.updateSettings(changes))]
}

function AppearancePanel() {
  const [settings, update] = useSettings()
  if (!settings) return null
  return (
    <Stack maw={420}>
      <Select
        label="Theme"
        data={[
          { value: 'system', label: 'As the system' },
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
        ]}
        value={settings.theme}
        allowDeselect={false}
        onChange={(value) => update({ theme: value as Settings['theme'] })}
      />
      <Select
        label="Density of tables"
        data={[
          { value: 'comfortable', label: 'Comfortable' },
          { value: 'compact', label: 'Compact' },
        ]}
        value={settings.density}
        allowDeselect={false}
        onChange={(value) => update({ density: value as Settings['density'] })}
      />
    </Stack>
  )
}

function DataPanel() {
  const [settings, update] = useSettings()
  if (!settings) return null
  return (
    <Stack maw={420}>
      <NumberSetting
        label="Refresh every (seconds)"
        description="Pause between two looks at each live system."
        value={settings.refreshSeconds}
        range={[2, 3600]}
        onCommit={(refreshSeconds) => update({ refreshSeconds })}
      />
      <NumberSetting
        label="Rows per query"
        description="A longer result is cut there, and says so."
        value={settings.rowLimit}
        range={[1, 1_000_000_000]}
        onCommit={(rowLimit) => update({ rowLimit })}
      />
      <NumberSetting
        label="Lock when idle (minutes)"
        description="0 never locks by itself."
        value={settings.idleLockMinutes}
        range={[0, 1440]}
        onCommit={(idleLockMinutes) => update({ idleLockMinutes })}
      />
      <NumberSetting
        label="Space for unsaved results (GB)"
        description="Beyond it the oldest unsaved results are removed; saved ones stay."
        value={settings.resultCacheBytes / 1e9}
        range={[0, 10_000]}
        hasFraction
        onCommit={(gigabytes) => update({ resultCacheBytes: Math.round(gigabytes * 1e9) })}
      />
    </Stack>
  )
}
