// Importing a kubeconfig: paste or choose the file, then choose one of its contexts. The text is a secret as a
// whole: it goes to the core to be read and, on saving, into the vault.
import { FileButton, Button, Group, Select, Text, Textarea } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { KubeconfigContext } from '#shared/contracts/sites.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import type { FieldProps } from './ConnectionEditor.tsx'

export function KubeconfigFields({ form, errors, stored, change }: FieldProps) {
  const client = useClient()
  const [contexts, setContexts] = useState<KubeconfigContext[]>([])
  const [error, setError] = useState<AppError | null>(null)
  /** Counts the texts that were read: an answer about one that has been changed since is dropped. */
  const reading = useRef(0)
  const choose = (context: KubeconfigContext): void =>
    change({
      context: context.name,
      server: context.server,
      namespace: context.namespace ?? '',
      ...(form.label ? {} : { label: context.cluster }),
    })
  const read = async (text: string): Promise<void> => {
    const mine = (reading.current += 1)
    change({ secrets: { ...form.secrets, kubeconfig: text } })
    if (text.trim() === '') {
      setContexts([])
      setError(null)
      return
    }
    try {
      const found = await client.sites.readKubeconfig({ text })
      if (reading.current !== mine) return
      setContexts(found)
      setError(null)
      const first = found.find((item) => item.isCurrent) ?? found[0]
      if (first) choose(first)
    } catch (thrown) {
      if (reading.current !== mine) return
      setContexts([])
      setError(toAppError(thrown))
    }
  }
  const chosen = contexts.find((item) => item.name === form.context)
  return (
    <>
      <Textarea
        label="Kubeconfig"
        placeholder={stored.includes('kubeconfig') ? 'Stored; leave empty to keep it' : 'apiVersion: v1\nkind: Config'}
        minRows={4}
        autosize
        maxRows={8}
        ff="monospace"
        spellCheck={false}
        value={form.secrets.kubeconfig ?? ''}
        error={errors.context}
        onChange={(event) => void read(event.currentTarget.value)}
      />
      <Group align="flex-end">
        <FileButton onChange={(file) => void (file && file.text().then(read, (thrown: unknown) => setError(toAppError(thrown))))}>
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconUpload size={16} />}>
              Choose a file
            </Button>
          )}
        </FileButton>
        {contexts.length > 0 ? (
          <Select
            label="Context"
            data={contexts.map((item) => item.name)}
            value={form.context}
            allowDeselect={false}
            style={{ flex: 1 }}
            onChange={(name) => {
              const found = contexts.find((item) => item.name === name)
              if (found) choose(found)
            }}
          />
        ) : null}
      </Group>
      {form.server ? (
        <Text size="sm" c="var(--text-dim)">
          Server {form.server}
          {chosen ? `; logs in as ${chosen.user} by ${chosen.authKind.replace('-', ' ')}` : ''}
          {chosen?.execCommand ? `, running ${chosen.execCommand}${chosen.execFoundAt ? ` (${chosen.execFoundAt})` : ' — which was not found on this machine'}` : ''}
        </Text>
      ) : null}
      {error ? <ErrorNotice error={error} /> : null}
    </>
  )
}
