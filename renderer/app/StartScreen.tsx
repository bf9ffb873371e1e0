// Shown until the core has answered for the first time, and when it does not.
import { Button, Center, Loader, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useSession } from '#client/session.store.ts'

const patienceMs = 8000

export function StartScreen() {
  const carrier = useSession((state) => state.carrier)
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patienceMs)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Center component="main" h="100%">
      <Stack align="center" gap="sm">
        <Loader role="img" aria-label="Starting" />
        <Text size="sm" c="var(--text-dim)" role="status">
          {carrier === 'lost' ? 'Meridian’s core is not answering; trying again…' : 'Starting Meridian…'}
        </Text>
        {isLate ? (
          <>
            <Text size="sm" maw={420} ta="center">
              This takes longer than it should. If Meridian was closed, start it again from its icon or its terminal; in a browser, open the new address that it prints.
            </Text>
            <Button variant="default" size="xs" onClick={() => location.reload()}>
              Reload this page
            </Button>
          </>
        ) : null}
      </Stack>
    </Center>
  )
}
