// What every plot shares: a bar of choices, a surface that follows the window's size, and the line that says how
// many rows are drawn and how many could not be.
import { Button, Group, Loader, Text } from '@mantine/core'
import { IconPhoto } from '@tabler/icons-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { attempt } from '#client/attempt.ts'
import { formatCount } from '#shared/model/quantities.ts'
import { downloadBlob } from '#ui/download.ts'
import type { NumericColumns } from './column-data.ts'

interface PlotFrameProps {
  controls: ReactNode
  /** Null while it is being read. */
  data: NumericColumns | null
  /** Shown in place of the picture: what has to be chosen first. */
  instead?: ReactNode
  /** Draws into the given size; called again whenever size or data change. */
  children(size: { widthPx: number; heightPx: number }, data: NumericColumns): ReactNode
  exportName: string
}

export function PlotFrame({ controls, data, instead, children, exportName }: PlotFrameProps) {
  const surface = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState({ widthPx: 0, heightPx: 0 })
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ widthPx: Math.floor(entry.contentRect.width), heightPx: Math.floor(entry.contentRect.height) })
    })
    observer.observe(surface.current!)
    return () => observer.disconnect()
  }, [])
  const status = data ? `${formatCount(data.rowsSeen - data.ignored)} rows drawn${data.ignored > 0 ? `; ${formatCount(data.ignored)} without a value (NULL, NaN or −9999) left out` : ''}` : instead ? '' : 'Reading…'
  const save = (): void => {
    const canvases = [...(surface.current?.querySelectorAll('canvas') ?? [])]
    if (canvases.length > 0) void attempt('The picture could not be made', flatten(canvases).then((blob) => blob && downloadBlob(blob, exportName)))
  }
  return (
    <div style={{ display: 'flex', flexDirection: 'column', height: '100%', minHeight: 0 }}>
      <Group gap="xs" px={12} py={6} wrap="nowrap">
        {controls}
        <Group ml="auto" gap="sm" wrap="nowrap" style={{ flex: '1 1 0', minWidth: 90, justifyContent: 'flex-end' }}>
          <Text size="xs" c="var(--text-dim)" role="status" truncate title={status} data-testid="plot-status">
            {status}
          </Text>
          <Button size="compact-xs" style={{ flexShrink: 0 }} variant="default" leftSection={<IconPhoto size={13} />} onClick={save} disabled={!data || data.rowsSeen === data.ignored}>
            PNG
          </Button>
        </Group>
      </Group>
      <div ref={surface} style={{ flex: 1, minHeight: 0, overflow: 'hidden', position: 'relative' }}>
        {instead ?? (size.widthPx > 0 && size.heightPx > 0 ? data ? children(size, data) : <Loader role="img" m="xl" aria-label="Reading the columns" /> : null)}
      </div>
    </div>
  )
}

/** Stacked canvases as one picture on the page's own background. */
async function flatten(canvases: HTMLCanvasElement[]): Promise<Blob | null> {
  const first = canvases[0]!
  const whole = document.createElement('canvas')
  whole.width = first.width
  whole.height = first.height
  const pen = whole.getContext('2d')!
  pen.fillStyle = getComputedStyle(document.body).backgroundColor
  pen.fillRect(0, 0, whole.width, whole.height)
  for (const canvas of canvases) pen.drawImage(canvas, 0, 0, whole.width, whole.height)
  return new Promise((resolve) => whole.toBlob(resolve, 'image/png'))
}
