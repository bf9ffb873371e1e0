// A failure as people read it: what happened, what to do, and how to try again.
import { Alert, Button, Group, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { AppError } from '#shared/errors.ts'

export function ErrorNotice(props: { error: AppError; title?: string; onRetry?: () => void; onClose?: () => void }) {
  const { error, title, onRetry, onClose } = props
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={18} />}
      title={title ?? error.message}
      withCloseButton={onClose !== undefined}
      closeButtonLabel="Dismiss"
      onClose={onClose}
    >
      {title ? <Text size="sm">{error.message}</Text> : null}
      {error.remedy ? <Text size="sm">{error.remedy}</Text> : null}
      {onRetry ? (
        <Group mt="xs">
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        </Group>
      ) : null}
    </Alert>
  )
}
