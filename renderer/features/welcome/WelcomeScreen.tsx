// What somebody sees who has no site yet: two ways in, and what each of them takes. While the demo lab comes up
// its progress is shown; when it is ready the map opens.
import { Button, Card, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconPlugConnected, IconTelescope } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { navigate } from '#client/location.ts'
import { chooseSite, useSession } from '#client/session.store.ts'
import type { Client } from '#client/client.ts'
import { modName } from '#ui/keys.ts'

export function WelcomeScreen() {
  const client = useClient()
  const demo = useSession((state) => state.demo)
  const opensDemo = useSession((state) => state.app?.opensDemo ?? false)
  const hasAsked = useRef(false)
  useEffect(() => {
    if (!opensDemo || hasAsked.current || demo?.state !== 'stopped') return
    hasAsked.current = true
    startDemo(client)
  }, [client, opensDemo, demo?.state])

  const wasStarting = useRef(false)
  useEffect(() => {
    if (demo?.state === 'starting') wasStarting.current = true
    if (demo?.state !== 'running' || !demo.siteId || !(wasStarting.current || opensDemo)) return
    wasStarting.current = false
    // Once is enough: whoever comes back to this page wants to see it.
    useSession.setState(({ app }) => ({ app: app && { ...app, opensDemo: false } }))
    chooseSite(client, demo.siteId)
    navigate('/overview')
  }, [client, demo, opensDemo])

  return (
    <Stack maw={920} mx="auto" px="lg" py={56} gap="xl">
      <div>
        <Title order={1} size={34}>
          Your whole lab, in one window
        </Title>
        <Text size="lg" c="var(--text-dim)" mt={6}>
          Virtual machines, Kubernetes, databases and backups together; and the sky that is in them.
        </Text>
      </div>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <Card withBorder padding="xl" bg="var(--surface-raised)">
          <IconTelescope size={34} stroke={1.4} color="var(--accent-star)" aria-hidden />
          <Title order={2} size="h3" mt="sm">
            Look around in the demo lab
          </Title>
          <Text size="sm" mt="xs" mb="md" c="var(--text-dim)">
            Seven nodes, thirty guests, a Kubernetes cluster, a backup server and a real PostgreSQL with a million DESI
            redshifts. It runs on this machine only and touches nothing else.
          </Text>
          <DemoButton />
        </Card>
        <Card withBorder padding="xl" bg="var(--surface-raised)">
          <IconPlugConnected size={34} stroke={1.4} color="var(--mantine-primary-color-filled)" aria-hidden />
          <Title order={2} size="h3" mt="sm">
            Connect your own lab
          </Title>
          <Text size="sm" mt="xs" mb="md" c="var(--text-dim)">
            Proxmox VE by API token, Kubernetes by kubeconfig, PostgreSQL, Proxmox Backup Server, SSH. Each connection is
            tested step by step; credentials stay encrypted on this machine.
          </Text>
          <Group mt="auto">
            <Button variant="default" onClick={() => navigate('/connections', { new: 'site' })}>
              Connect a lab
            </Button>
          </Group>
        </Card>
      </SimpleGrid>
      <Text size="sm" c="var(--text-dim)">
        Press {modName} K anywhere to search and to run commands; Shift ? lists the shortcuts.
      </Text>
    </Stack>
  )
}

const startDemo = (client: Client): void => void attempt('The demo lab could not be started', client.demo.start())

function DemoButton() {
  const client = useClient()
  const demo = useSession((state) => state.demo)
  if (demo?.state === 'starting') {
    return (
      <Stack gap={6} mt="auto">
        <Progress value={Math.max(3, demo.fraction * 100)} animated aria-label="Demo lab start" />
        <Group justify="space-between">
          <Text size="sm" role="status">
            {demo.step}…
          </Text>
          <Button size="xs" variant="subtle" onClick={() => void attempt('The demo lab could not be stopped', client.demo.stop())}>
            Cancel
          </Button>
        </Group>
      </Stack>
    )
  }
  if (demo?.state === 'running' && demo.siteId) {
    const siteId = demo.siteId
    return (
      <Group mt="auto">
        <Button
          onClick={() => {
            chooseSite(client, siteId)
            navigate('/overview')
          }}
        >
          Go to the demo lab
        </Button>
      </Group>
    )
  }
  return (
    <Stack gap="xs" mt="auto" align="flex-start">
      <Button disabled={demo?.state === 'unavailable'} onClick={() => startDemo(client)}>
        Open the demo lab
      </Button>
      {demo?.message ? (
        <Text size="sm" role="alert">
          {demo.message}
        </Text>
      ) : null}
    </Stack>
  )
}
