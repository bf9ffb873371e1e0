// The fields of each kind of connection: where it is, and who logs in.
import { Group, PasswordInput, SegmentedControl, Select, Switch, TextInput, Textarea } from '@mantine/core'
import type { SecretName } from '#shared/model/connection.ts'
import type { FieldProps } from './ConnectionEditor.tsx'
import type { FormValues } from './connection-form.ts'
import { KubeconfigFields } from './KubeconfigFields.tsx'

function TextField(props: FieldProps & { field: keyof FormValues; label: string; placeholder?: string; description?: string; width?: number }) {
  return (
    <TextInput
      label={props.label}
      placeholder={props.placeholder}
      description={props.description}
      value={String(props.form[props.field])}
      error={props.errors[props.field]}
      onChange={(event) => props.change({ [props.field]: event.currentTarget.value })}
      style={props.width ? { width: props.width } : { flex: 1 }}
      autoComplete="off"
      spellCheck={false}
    />
  )
}

function SecretField(props: FieldProps & { name: SecretName; label: string; description?: string; isMultiline?: boolean }) {
  const isStored = props.stored.includes(props.name)
  const common = {
    label: props.label,
    description: props.description,
    placeholder: isStored ? 'Stored; leave empty to keep it' : undefined,
    value: props.form.secrets[props.name] ?? '',
    autoComplete: 'off',
    spellCheck: false,
  }
  const set = (value: string): void => props.change({ secrets: { ...props.form.secrets, [props.name]: value } })
  return props.isMultiline ? (
    <Textarea {...common} minRows={3} autosize maxRows={6} ff="monospace" onChange={(event) => set(event.currentTarget.value)} />
  ) : (
    <PasswordInput {...common} style={{ flex: 1 }} onChange={(event) => set(event.currentTarget.value)} />
  )
}

export function AddressFields(props: FieldProps) {
  const { form } = props
  return (
    <>
      <TextField {...props} field="label" label="Name" placeholder={form.kind === 'postgres' || form.kind === 'ssh' ? 'proj-pg01' : 'radioastronomy'} />
      {form.kind === 'proxmox' || form.kind === 'pbs' ? (
        <TextField
          {...props}
          field="url"
          label="Address"
          placeholder={form.kind === 'proxmox' ? 'https://node01.example.org:8006' : 'https://pbs01.example.org:8007'}
          description={form.kind === 'proxmox' ? 'Any node of the cluster answers for all.' : undefined}
        />
      ) : null}
      {form.kind === 'postgres' || form.kind === 'ssh' ? (
        <Group align="flex-start">
          <TextField {...props} field="host" label="Host" placeholder="10.25.60.8" />
          <TextField {...props} field="port" label="Port" width={100} />
          {form.kind === 'postgres' ? <TextField {...props} field="database" label="Database" /> : null}
        </Group>
      ) : null}
      {form.kind === 'kubernetes' ? <KubeconfigFields {...props} /> : null}
      {form.kind === 's3' ? <StoreFields {...props} /> : null}
    </>
  )
}

export function AuthFields(props: FieldProps) {
  const { form, change } = props
  if (form.kind === 'kubernetes') return null
  if (form.kind === 'postgres') {
    return (
      <Group align="flex-start">
        <TextField {...props} field="user" label="Role" />
        <SecretField {...props} name="password" label="Password" />
        <Select
          label="TLS"
          w={210}
          allowDeselect={false}
          data={[
            { value: 'verify', label: 'Required and verified' },
            { value: 'require', label: 'Required, not verified' },
            { value: 'prefer', label: 'If the server offers it' },
            { value: 'disable', label: 'None' },
          ]}
          value={form.tlsMode}
          onChange={(value) => change({ tlsMode: value as FormValues['tlsMode'] })}
        />
      </Group>
    )
  }
  if (form.kind === 'ssh') return <SshFields {...props} />
  if (form.kind === 's3') {
    return (
      <Group align="flex-start">
        <SecretField {...props} name="accessKeyId" label="Access key id" />
        <SecretField {...props} name="secretAccessKey" label="Secret access key" />
      </Group>
    )
  }
  return (
    <>
      <SegmentedControl
        aria-label="How to log in"
        data={[
          { value: 'token', label: 'API token' },
          { value: 'ticket', label: 'User and password' },
        ]}
        value={form.authMode}
        onChange={(value) => change({ authMode: value as FormValues['authMode'] })}
      />
      {form.authMode === 'token' ? (
        <Group align="flex-start">
          <TextField {...props} field="tokenId" label="Token id" placeholder="meridian@pve!desktop" />
          <SecretField {...props} name="tokenSecret" label="Secret" />
        </Group>
      ) : (
        <>
          <Group align="flex-start">
            <TextField {...props} field="user" label="User" />
            <TextField {...props} field="realm" label="Realm" width={120} />
            <SecretField {...props} name="password" label="Password" />
          </Group>
          <SecretField {...props} name="totpSeed" label="TOTP secret (only with a second factor)" description="The Base32 key behind the authenticator’s QR code; codes are made from it at each log-in." />
        </>
      )}
    </>
  )
}

/** Where copies are kept off site. AWS names a bucket in the host name; MinIO, Ceph and addresses have it in the path. */
function StoreFields(props: FieldProps) {
  const { form, change } = props
  return (
    <>
      <TextField {...props} field="url" label="Endpoint" placeholder="https://s3.us-east-1.amazonaws.com" />
      <Group align="flex-start">
        <TextField {...props} field="bucket" label="Bucket" placeholder="lab-offsite" />
        <TextField {...props} field="region" label="Region" width={150} />
        <TextField {...props} field="prefix" label="Prefix" placeholder="The whole bucket" />
      </Group>
      <Switch
        size="sm"
        label="The bucket stands in the path"
        description="For MinIO, Ceph and endpoints by address. AWS has it in the host name."
        checked={form.isPathStyle}
        onChange={(event) => change({ isPathStyle: event.currentTarget.checked })}
      />
    </>
  )
}

function SshFields(props: FieldProps) {
  const { form, change } = props
  return (
    <>
      <Group align="flex-start">
        <TextField {...props} field="user" label="User" />
        <Select
          label="Log in by"
          allowDeselect={false}
          data={[
            { value: 'key', label: 'Private key' },
            { value: 'password', label: 'Password' },
            { value: 'agent', label: 'SSH agent' },
            { value: 'keyboard-interactive', label: 'Keyboard-interactive' },
          ]}
          value={form.sshAuth}
          onChange={(value) => change({ sshAuth: value as FormValues['sshAuth'] })}
        />
      </Group>
      {form.sshAuth === 'key' ? (
        <>
          <SecretField {...props} name="privateKey" label="Private key" isMultiline />
          <SecretField {...props} name="keyPassphrase" label="Its passphrase, if it has one" />
        </>
      ) : null}
      {form.sshAuth === 'password' || form.sshAuth === 'keyboard-interactive' ? <SecretField {...props} name="password" label="Password" /> : null}
      <Select
        label="Jump host"
        description="The way to a host that this computer does not reach by itself. The host key of each is checked."
        placeholder="None: connect directly"
        clearable
        data={props.jumps.map(({ id, label }) => ({ value: id, label }))}
        value={form.jumpConnectionId || null}
        onChange={(value) => change({ jumpConnectionId: value ?? '' })}
        disabled={props.jumps.length === 0 && !form.jumpConnectionId}
      />
      <TextField {...props} field="hostKeySha256" label="Host key" placeholder="SHA256:…" description="Shown by the test at first use; a changed key is refused." />
    </>
  )
}
