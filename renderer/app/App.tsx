// The frame around every screen: theme, vault gate, navigation, palette, status bar, notices.
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { useSession } from '#client/session.store.ts'
import { cssVariables, theme } from '#ui/theme.ts'
import { FailureNotices } from './FailureNotices.tsx'
import { Frame } from './Frame.tsx'
import { StartScreen } from './StartScreen.tsx'
import { VaultGate } from './VaultGate.tsx'

export function App() {
  const scheme = useSession((state) => state.settings?.theme ?? 'system')
  const isReady = useSession((state) => state.settings !== null && state.vault !== null && state.app !== null)
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      {...(scheme === 'system' ? {} : { forceColorScheme: scheme })}
    >
      <Notifications position="bottom-right" limit={4} />
      <FailureNotices />
      {isReady ? (
        <VaultGate>
          <Frame />
        </VaultGate>
      ) : (
        <StartScreen />
      )}
    </MantineProvider>
  )
}
