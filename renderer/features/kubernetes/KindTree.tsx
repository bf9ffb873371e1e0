// The kinds of a cluster under their headings. Custom resources stand by their API group and are folded at first.
import { NavLink, ScrollArea } from '@mantine/core'
import {
  IconAffiliate, IconBolt, IconBox, IconBoxMultiple, IconChartDots3, IconCpu, IconDatabase, IconFolders, IconHexagon, IconKey, IconLayoutDashboard, IconListDetails, IconNetwork,
  IconPlugConnectedX, IconPuzzle, IconSettings, IconShieldLock, IconTransfer, type Icon,
} from '@tabler/icons-react'
import { useState } from 'react'
import type { KindInfo, KindSection } from '#shared/model/kubernetes.ts'

const headings: Array<[KindSection, string, Icon]> = [
  ['cluster', 'Cluster', IconHexagon],
  ['workloads', 'Workloads', IconBoxMultiple],
  ['config', 'Configuration', IconSettings],
  ['network', 'Network', IconNetwork],
  ['storage', 'Storage', IconDatabase],
  ['access', 'Access', IconShieldLock],
  ['custom', 'Custom resources', IconPuzzle],
]
const kindIcons: Record<string, Icon> = {
  pods: IconBox,
  nodes: IconCpu,
  namespaces: IconFolders,
  secrets: IconKey,
  'rayclusters.ray.io': IconChartDots3,
  'rayjobs.ray.io': IconBolt,
  'services': IconAffiliate,
}
/** Folded at first: what most people open rarely. */
const folded: ReadonlySet<string> = new Set(['access', 'custom'])

interface KindTreeProps {
  kinds: readonly KindInfo[]
  current: string
  forwards: number
  onChoose(kind: string): void
}

export function KindTree({ kinds, current, forwards, onChoose }: KindTreeProps) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const flip = (id: string): void => {
    const next = new Set(toggled)
    if (!next.delete(id)) next.add(id)
    setToggled(next)
  }
  const isOpen = (id: string, holdsCurrent: boolean): boolean => holdsCurrent || folded.has(id) === toggled.has(id)
  const link = (id: string, label: string, KindIcon: Icon) => (
    <NavLink
      key={id}
      component="button"
      className="kube-kind"
      label={label}
      leftSection={<KindIcon size={15} stroke={1.6} aria-hidden />}
      active={id === current}
      aria-current={id === current ? 'page' : undefined}
      onClick={() => onChoose(id)}
    />
  )
  return (
    <nav className="kube-tree" aria-label="Kubernetes">
      <ScrollArea h="100%" type="auto" viewportProps={{ tabIndex: -1 }}>
        <div className="kube-tree-inner">
          {link('overview', 'Overview', IconLayoutDashboard)}
          {headings.map(([section, title]) => {
            const own = kinds.filter((kind) => kind.section === section)
            if (own.length === 0) return null
            const open = isOpen(section, own.some((kind) => kind.id === current))
            return (
              <div key={section} role="group" aria-label={title}>
                <button className="kube-heading" aria-expanded={open} onClick={() => flip(section)}>
                  <span aria-hidden>{open ? '▾' : '▸'}</span> {title}
                </button>
                {open ? (section === 'custom' ? <Groups kinds={own} link={link} /> : own.map((kind) => link(kind.id, kind.title, kindIcons[kind.id] ?? IconListDetails))) : null}
              </div>
            )
          })}
          {link('forwards', forwards > 0 ? `Forwarded ports (${forwards})` : 'Forwarded ports', forwards > 0 ? IconTransfer : IconPlugConnectedX)}
        </div>
      </ScrollArea>
    </nav>
  )
}

function Groups({ kinds, link }: { kinds: KindInfo[]; link: (id: string, label: string, icon: Icon) => React.ReactNode }) {
  const groups = Map.groupBy(kinds, (kind) => kind.group || 'core')
  return [...groups].map(([group, own]) => (
    <div key={group}>
      <div className="kube-group">{group}</div>
      {own.map((kind) => link(kind.id, kind.title, kindIcons[kind.id] ?? IconPuzzle))}
    </div>
  ))
}
