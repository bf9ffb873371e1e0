// Which target holds for a thing: the first rule that fits, guests before tags before pools, else the site's. Pure.
import type { BackupPolicy, BackupTarget } from '#shared/model/backup-policy.ts'
import type { Entity } from '#shared/model/inventory.ts'

export interface ChosenTarget {
  target: BackupTarget
  /** Who says so, for people. */
  from: string
}

export function targetOf(policy: BackupPolicy, entity: Entity): ChosenTarget {
  const { rules } = policy
  const own = rules.find((rule) => rule.scope === 'guest' && rule.value === entity.id)
  if (own)
    return { target: own.target, from: own.note === '' ? 'its own rule' : `its own rule (${own.note})` }
  const byTag = rules.find((rule) => rule.scope === 'tag' && entity.tags.includes(rule.value))
  if (byTag) return { target: byTag.target, from: `the tag ${byTag.value}` }
  const byPool = rules.find((rule) => rule.scope === 'pool' && rule.value === entity.facts['pool'])
  if (byPool) return { target: byPool.target, from: `the pool ${byPool.value}` }
  return { target: policy.target, from: 'the site' }
}
