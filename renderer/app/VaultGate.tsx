// Stands between the user and the screens while the vault is locked, and keeps the idle lock from firing while
// somebody is there.
import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { useEffect, useState, type FormEvent, type ReactNode } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useSession } from '#client/session.store.ts'
import { useNowMs } from '#ui/clock.ts'
import type { AppError } from '#shared/errors.ts'

const touchEveryMs = 30_000

export function VaultGate(props: { children: ReactNode }) {
  const isLocked = useSession((state) => state.vault?.state === 'locked')
  useTouch()
  return isLocked ? <UnlockScreen /> : props.children
}

/** Reports input to the core at most twice a minute. */
function useTouch(): void {
  const client = useClient()
  useEffect(() => {
    let lastMs = 0
    const touch = (): void => {
      if (Date.now() - lastMs < touchEveryMs) return
      lastMs = Date.now()
      // A lost touch locks a little earlier at worst; the next input sends another.
      void client.vault.touch().catch(() => undefined)
    }
    window.addEventListener('pointerdown', touch, true)
    window.addEventListener('keydown', touch, true)
    return () => {
      window.removeEventListener('pointerdown', touch, true)
      window.removeEventListener('keydown', touch, true)
    }
  }, [client])
}

function UnlockScreen() {
  const client = useClient()
  const vault = useSession((state) => state.vault)!
  const nowMs = useNowMs()
  const [passphrase, setPassphrase] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const waitSeconds = vault.retryAtMs ? Math.max(0, Math.ceil((vault.retryAtMs - nowMs) / 1000)) : 0
  const byKeychain = vault.protection === 'os-keychain'

  const unlock = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    try {
      await client.vault.unlock({ passphrase })
      setError(null)
    } catch (thrown) {
      setError(toAppError(thrown))
    } finally {
      setPassphrase('')
      setBusy(false)
    }
  }
  return (
    <Center component="main" h="100%">
      <Paper withBorder p="xl" radius="lg" w={400} bg="var(--surface-raised)">
        <form onSubmit={(event) => void unlock(event)}>
          <Stack gap="sm">
            <Title order={1} size="h3">
              <IconLock size={20} style={{ verticalAlign: -3, marginInlineEnd: 8 }} aria-hidden />
              Meridian is locked
            </Title>
            <Text size="sm" c="var(--text-dim)">
              {byKeychain
                ? `Its credentials are sealed by ${vault.backend ?? 'the operating system’s keychain'}.`
                : 'Its credentials are encrypted with your passphrase. What was last seen stays on this machine.'}
            </Text>
            {byKeychain ? null : (
              <PasswordInput
                label="Passphrase"
                value={passphrase}
                onChange={(event) => setPassphrase(event.currentTarget.value)}
                autoFocus
                autoComplete="off"
                readOnly={isBusy}
              />
            )}
            {error ? (
              <Alert color="red" variant="light" role="alert">
                {error.message} {error.remedy}
              </Alert>
            ) : null}
            <Button type="submit" loading={isBusy} disabled={waitSeconds > 0 || (!byKeychain && passphrase === '')}>
              {waitSeconds > 0 ? `Try again in ${waitSeconds} s` : 'Unlock'}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  )
}
