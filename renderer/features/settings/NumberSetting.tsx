// One number among the settings: typed freely, brought into its range and kept when the field is left or on Enter.
import { NumberInput } from '@mantine/core'
import { useEffect, useState } from 'react'

interface NumberSettingProps {
  label: string
  description: string
  value: number
  /** Least and most, both allowed. */
  range: readonly [number, number]
  hasFraction?: boolean
  onCommit(value: number): void
}

export function NumberSetting({ label, description, value, range, hasFraction = false, onCommit }: NumberSettingProps) {
  const [min, max] = range
  const [text, setText] = useState<string | number>(value)
  useEffect(() => setText(value), [value])
  const commit = (): void => {
    const wanted = text === '' ? NaN : Number(text)
    const next = Number.isFinite(wanted) ? Math.min(max, Math.max(min, wanted)) : value
    setText(next)
    if (next !== value) onCommit(next)
  }
  return (
    <NumberInput
      label={label}
      description={description}
      value={text}
      onChange={setText}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
      min={min}
      max={max}
      clampBehavior="none"
      allowNegative={false}
      allowDecimal={hasFraction}
      thousandSeparator={' '}
    />
  )
}
