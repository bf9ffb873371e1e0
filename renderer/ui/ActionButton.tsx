// A button that says why when it cannot be used, to the pointer and to assistive technology alike.
import { Button, Tooltip, type ButtonProps } from '@mantine/core'
import type { MouseEventHandler, ReactNode } from 'react'

interface ActionButtonProps extends ButtonProps {
  /** Null or absent = it works. */
  disabledReason?: string | null
  onClick?: MouseEventHandler<HTMLButtonElement>
  children?: ReactNode
  'aria-label'?: string
  type?: 'button' | 'submit'
}

export function ActionButton({ disabledReason, onClick, ...rest }: ActionButtonProps) {
  const button = (
    <Button
      {...rest}
      data-disabled={disabledReason ? true : undefined}
      aria-disabled={disabledReason ? true : undefined}
      onClick={disabledReason ? (event) => event.preventDefault() : onClick}
    />
  )
  return disabledReason ? (
    <Tooltip label={disabledReason} multiline maw={320} withArrow events={{ hover: true, focus: true, touch: true }}>
      {button}
    </Tooltip>
  ) : (
    button
  )
}
