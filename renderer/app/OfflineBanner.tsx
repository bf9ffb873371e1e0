// Says, above every screen, that what is shown is not live: nothing old may pass for new.
import { Button } from '@mantine/core'
import { IconCloudOff } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { useInventory } from '#client/inventory.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { Age } from '#ui/Age.tsx'

export function OfflineBanner() {
  const sources = useInventory((state) => state.sources)
  const carrier = useSession((state) => state.carrier)
  const isEverywhere = sources.length > 0 && sources.every((source) => source.state === 'lost' || source.state === 'stored')
  const newest = Math.max(0, ...sources.map((source) => source.lastSeenAtMs ?? 0))
  if (carrier === 'lost') {
    return (
      <Banner sentence="Meridian’s core is not answering. What you see is what was last known.">
        <span>If it was started again, open the new address that it printed.</span>
      </Banner>
    )
  }
  if (!isEverywhere) return null
  return (
    <Banner sentence="No system of this site answers. You are reading what was last known; actions wait until a connection is back.">
      {newest > 0 ? (
        <span>
          Last answer: <Age atMs={newest} />.
        </span>
      ) : null}
      <StartDemo />
    </Banner>
  )
}

/** The sentence alone is announced: an age that ticks must not be read out every second. */
function Banner({ sentence, children }: { sentence: string; children: ReactNode }) {
  return (
    <div className="offline-banner" data-testid="offline-banner">
      <IconCloudOff size={16} aria-hidden style={{ flexShrink: 0 }} />
      <span role="status">{sentence}</span>
      {children}
    </div>
  )
}

/** The demo lab does not run by itself: where its site is looked at, the way back is one click. */
function StartDemo() {
  const client = useClient()
  const isDemo = useSession((state) => currentSite(state)?.isDemo ?? false)
  const demo = useSession((state) => state.demo)
  if (!isDemo || !demo || demo.state === 'running' || demo.state === 'unavailable') return null
  if (demo.state === 'starting') return <span>Starting the demo lab: {demo.step}…</span>
  return (
    <Button size="compact-xs" variant="default" onClick={() => void attempt('The demo lab could not be started', client.demo.start())}>
      Start the demo lab
    </Button>
  )
}
