// Shows failures of work that no screen waits for, as notices that stay until they have been read.
import { showNotification } from '@mantine/notifications'
import { useEffect } from 'react'
import { onFailure } from '#client/attempt.ts'

const shownForMs = 12_000

export function FailureNotices() {
  useEffect(
    () =>
      onFailure(({ title, error }) =>
        showNotification({
          id: `${title}:${error.message}`,
          title,
          message: [error.message, error.remedy].filter(Boolean).join(' '),
          color: 'red',
          autoClose: shownForMs,
          role: 'alert',
          closeButtonProps: { 'aria-label': 'Dismiss' },
        }),
      ),
    [],
  )
  return null
}
