// What a screen shows when it has nothing: why, and what to do next.
import { Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

export function EmptyState(props: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" justify="center" gap="xs" py={64} px="md" style={{ textAlign: 'center', height: '100%' }}>
      {props.icon ? <div style={{ color: 'var(--text-dim)' }}>{props.icon}</div> : null}
      <Title order={2} size="h4">
        {props.title}
      </Title>
      <Text c="var(--text-dim)" maw={520} size="sm" component="div">
        {props.children}
      </Text>
      {props.action}
    </Stack>
  )
}
