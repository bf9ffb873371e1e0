// Asking an archived copy back: what each way costs in time and money, before it is asked for. The prices are AWS's
// order of magnitude in us-east-1; other stores set their own.
import { NumberInput, SegmentedControl, Text } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import { restoreTiers, type OffsiteCopy, type OffsiteRow } from '#shared/contracts/backups.ts'
import type { Site } from '#shared/model/connection.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { classWords } from './backup-words.ts'

type Tier = (typeof restoreTiers)[number]

/** Time, and US dollars a GB; a class that is not here knows no restore. */
const ways: Record<string, Partial<Record<Tier, { time: string; perGb: number }>>> = {
  GLACIER: { Expedited: { time: '1 to 5 minutes', perGb: 0.03 }, Standard: { time: '3 to 5 hours', perGb: 0.01 }, Bulk: { time: '5 to 12 hours', perGb: 0 } },
  DEEP_ARCHIVE: { Standard: { time: 'within 12 hours', perGb: 0.02 }, Bulk: { time: 'within 48 hours', perGb: 0.0025 } },
}
const gigabyte = 1e9

export function RestoreDialog({ site, row, copy }: { site: Site; row: OffsiteRow; copy: OffsiteCopy }) {
  const client = useClient()
  const known = ways[copy.storageClass] ?? { Standard: { time: 'as the store says', perGb: 0 } }
  const offered = restoreTiers.filter((tier) => known[tier])
  const [tier, setTier] = useState<Tier>('Standard')
  const [days, setDays] = useState(3)
  const way = known[tier]
  const cost = way ? (copy.sizeBytes / gigabyte) * way.perGb : 0
  return (
    <ConfirmDialog
      title={`Ask the ${copy.cadence} copy of ${row.name} back`}
      confirmLabel="Ask it back"
      onConfirm={async () => {
        // One request an object; a store that refuses one says which, and the others stay asked for.
        for (const key of copy.keys) await client.backups.requestRestore({ siteId: site.id, connectionId: row.connectionId, key, tier, days })
      }}
      onClose={closeDialog}
    >
      <Text size="sm" mb="sm">
        {formatBytes(copy.sizeBytes)} in {classWords[copy.storageClass] ?? copy.storageClass} are made readable for a while. The archived copy stays as it
        is; nothing is downloaded yet.
      </Text>
      <SegmentedControl aria-label="How fast" fullWidth mb="sm" data={offered.map((name) => ({ value: name, label: name }))} value={tier} onChange={(value) => setTier(value as Tier)} />
      <Text size="sm" mb="sm" role="status">
        Takes {way?.time}. Retrieval costs about {cost < 0.01 ? 'nothing' : `$${cost.toFixed(2)}`} at AWS, then the storage of the readable copy and
        the transfer when it is downloaded.
      </Text>
      <NumberInput label="Readable for so many days" min={1} max={365} allowDecimal={false} w={220} value={days} onChange={(value) => setDays(typeof value === 'number' ? value : 3)} />
    </ConfirmDialog>
  )
}
