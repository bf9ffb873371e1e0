// All rules: on or off, what they say, and the editor.
import { Button, Group, Loader, Switch, Table, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { Remote } from '#client/remote.ts'
import { navigate } from '#client/location.ts'
import { signals, type AlertRule } from '#shared/model/alert.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { conditionText, scopeText } from './alert-words.ts'
import { RuleEditor } from './RuleEditor.tsx'
import { SeverityMark } from '#ui/SeverityMark.tsx'

const newRule = (): AlertRule => ({
  id: crypto.randomUUID(),
  name: '',
  signal: 'fill',
  severity: 'warning',
  isEnabled: true,
  threshold: 0.85,
  clearThreshold: 0.82,
  forSeconds: 300,
  clearForSeconds: 300,
  scope: { kinds: [], tags: [], names: [] },
})

/** `openId` is the rule whose editor is open. */
export function RulesPanel({ openId }: { openId: string | null }) {
  const client = useClient()
  const [rules, setRules] = useState<Remote<AlertRule[]>>({ state: 'loading' })
  const [draft, setDraft] = useState<AlertRule | null>(null)
  useEffect(() => {
    let isCurrent = true
    client.alerts.listRules().then(
      (value) => isCurrent && setRules({ state: 'ready', value }),
      (thrown: unknown) => isCurrent && setRules({ state: 'failed', error: toAppError(thrown) }),
    )
    return () => {
      isCurrent = false
    }
  }, [client])
  if (rules.state === 'failed') return <ErrorNotice error={rules.error} />
  if (rules.state !== 'ready') return <Loader role="img" aria-label="Loading the rules" />
  const take = async (work: Promise<AlertRule[]>): Promise<void> => setRules({ state: 'ready', value: await work })
  const close = (): void => {
    setDraft(null)
    navigate('/alerts', { tab: 'rules' }, { replace: true })
  }
  const open = draft ?? rules.value.find((rule) => rule.id === openId) ?? null
  return (
    <>
      <Group mb="sm" justify="space-between">
        <Text size="sm" c="var(--text-dim)">
          Rules are kept on this machine and hold for all sites.
        </Text>
        <Group gap="xs">
          <Button variant="subtle" size="compact-sm" onClick={() => void attempt('The shipped rules could not be put back', take(client.alerts.restoreRules()))}>
            Restore the shipped rules
          </Button>
          <Button size="compact-sm" leftSection={<IconPlus size={15} />} onClick={() => setDraft(newRule())}>
            New rule
          </Button>
        </Group>
      </Group>
      <Table verticalSpacing={5} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={64}>On</Table.Th>
            <Table.Th w={110}>Severity</Table.Th>
            <Table.Th w={260}>Rule</Table.Th>
            <Table.Th>Fires</Table.Th>
            <Table.Th>About</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rules.value.map((rule) => (
            <Table.Tr key={rule.id} data-rule={rule.id}>
              <Table.Td>
                <Switch
                  size="xs"
                  aria-label={`${rule.name} is on`}
                  checked={rule.isEnabled}
                  onChange={(event) => void attempt('The rule could not be changed', take(client.alerts.saveRule({ rule: { ...rule, isEnabled: event.currentTarget.checked } })))}
                />
              </Table.Td>
              <Table.Td>
                <SeverityMark severity={rule.severity} hasWord />
              </Table.Td>
              <Table.Td>
                <button className="rule-button" onClick={() => setDraft(rule)}>
                  {rule.name}
                </button>
                <div className="alert-note">{signals[rule.signal].title}</div>
              </Table.Td>
              <Table.Td>{conditionText(rule)}</Table.Td>
              <Table.Td>{scopeText(rule)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {open ? (
        <RuleEditor
          key={open.id}
          rule={open}
          isNew={!rules.value.some((rule) => rule.id === open.id)}
          onSave={(rule) => take(client.alerts.saveRule({ rule }))}
          onRemove={() => take(client.alerts.removeRule({ ruleId: open.id }))}
          onClose={close}
        />
      ) : null}
    </>
  )
}
