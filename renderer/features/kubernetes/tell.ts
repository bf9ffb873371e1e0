// A short word that something was done.
import { notifications } from '@mantine/notifications'

export const tell = ({ message }: { message: string }): void => void notifications.show({ message, color: 'green', autoClose: 5_000, closeButtonProps: { 'aria-label': 'Dismiss' } })
