// How old something shown is, with the exact time on hover.
import { formatAge } from '#shared/model/quantities.ts'
import { useNowMs } from './clock.ts'

export function Age(props: { atMs: number | null; never?: string; prefix?: string }) {
  const nowMs = useNowMs()
  if (props.atMs === null) return <span>{props.never ?? 'never'}</span>
  return (
    <time dateTime={new Date(props.atMs).toISOString()} title={new Date(props.atMs).toLocaleString()}>
      {props.prefix}
      {formatAge(Math.max(0, nowMs - props.atMs))}
    </time>
  )
}
