// A state as shape, colour and word at once.
import type { Health } from '#shared/model/inventory.ts'
import { healthColor, healthSymbol, healthWord } from './theme.ts'

export function HealthMark(props: { health: Health; label?: string }) {
  return (
    <span style={{ whiteSpace: 'nowrap' }}>
      <span aria-hidden style={{ color: healthColor(props.health), marginInlineEnd: 6, fontSize: '0.8em' }}>
        {healthSymbol[props.health]}
      </span>
      {props.label ?? healthWord[props.health]}
    </span>
  )
}
