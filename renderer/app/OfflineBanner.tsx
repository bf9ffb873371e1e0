// Says, above every screen, that what is shown is not live: nothing old may pass for new.
import { IconCloudOff } from '@tabler/icons-react'
import { useInventory } from '#client/inventory.store.ts'
import { useSession } from '#client/session.store.ts'
import { Age } from '#ui/Age.tsx'

export function OfflineBanner() {
  const sources = useInventory((state) => state.sources)
  const carrier = useSession((state) => state.carrier)
  const isEverywhere = sources.length > 0 && sources.every((source) => source.state === 'lost' || source.state === 'stored')
  const newest = Math.max(0, ...sources.map((source) => source.lastSeenAtMs ?? 0))
  if (carrier === 'lost') {
    return (
      <div className="offline-banner" role="status">
        <IconCloudOff size={16} aria-hidden /> Meridian’s core is not answering. What you see is what was last known.
      </div>
    )
  }
  if (!isEverywhere) return null
  return (
    <div className="offline-banner" role="status" data-testid="offline-banner">
      <IconCloudOff size={16} aria-hidden />
      <span>
        No system of this site answers. You are reading what was last known
        {newest > 0 ? (
          <>
            , <Age atMs={newest} />
          </>
        ) : null}
        ; actions wait until a connection is back.
      </span>
    </div>
  )
}
