// How the server's certificate is trusted: the system's authorities, a given one, or exactly this certificate.
import { Alert, Button, Group, SegmentedControl, Text, TextInput, Textarea } from '@mantine/core'
import { IconCertificate } from '@tabler/icons-react'
import { useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { CertificateSummary } from '#shared/contracts/sites.ts'
import type { AppError } from '#shared/errors.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import type { FieldProps } from './ConnectionEditor.tsx'
import { tlsEndpoint, type FormValues } from './connection-form.ts'

export function TrustFields({ form, errors, change }: FieldProps) {
  const client = useClient()
  const [seen, setSeen] = useState<CertificateSummary | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const endpoint = tlsEndpoint(form)
  const look = async (): Promise<void> => {
    if (!endpoint) return
    setBusy(true)
    try {
      setSeen(await client.sites.inspectCertificate(endpoint))
      setError(null)
    } catch (thrown) {
      setError(toAppError(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Group justify="space-between" align="flex-end">
        <div>
          <Text size="sm" fw={500} mb={4}>
            Trust the certificate by
          </Text>
          <SegmentedControl
            aria-label="Trust the certificate by"
            data={[
              { value: 'system', label: 'System authorities' },
              { value: 'ca', label: 'A given authority' },
              { value: 'pinned', label: 'Its fingerprint' },
            ]}
            value={form.trust}
            onChange={(value) => change({ trust: value as FormValues['trust'] })}
          />
        </div>
        <Button variant="default" leftSection={<IconCertificate size={16} />} loading={isBusy} disabled={!endpoint} onClick={() => void look()}>
          Look at the certificate
        </Button>
      </Group>
      {form.trust === 'ca' ? (
        <Textarea label="Certificate of the authority (PEM)" placeholder="-----BEGIN CERTIFICATE-----" minRows={3} autosize maxRows={6} value={form.caPem} error={errors.caPem} onChange={(event) => change({ caPem: event.currentTarget.value })} />
      ) : null}
      {form.trust === 'pinned' ? (
        <TextInput label="SHA-256 fingerprint" ff="monospace" value={form.sha256} error={errors.sha256} onChange={(event) => change({ sha256: event.currentTarget.value })} spellCheck={false} />
      ) : null}
      {error ? <ErrorNotice error={error} onClose={() => setError(null)} /> : null}
      {seen ? <CertificateNotice seen={seen} onPin={() => change({ trust: 'pinned', sha256: seen.fingerprint256 })} /> : null}
    </>
  )
}

function CertificateNotice({ seen, onPin }: { seen: CertificateSummary; onPin: () => void }) {
  return (
    <Alert variant="light" color={seen.isTrustedBySystem ? 'green' : 'yellow'} title={seen.subject}>
      <Text size="sm">Issued by {seen.issuer}; valid {seen.validFrom} to {seen.validTo}.</Text>
      <Text size="sm">{seen.isTrustedBySystem ? 'The system’s authorities vouch for it.' : (seen.distrustReason ?? 'The system does not know who issued it.')}</Text>
      <Text size="xs" ff="monospace" mt={4} style={{ overflowWrap: 'anywhere' }}>
        {seen.fingerprint256}
      </Text>
      <Text size="sm" mt={4}>
        Compare it with what the server itself shows before you trust it.
      </Text>
      <Button mt="xs" size="xs" variant="default" onClick={onPin}>
        Trust exactly this certificate
      </Button>
    </Alert>
  )
}
