// The map as a file: an SVG made from the same layout that the screen shows, and a PNG drawn from that SVG. The
// whole map is exported, not only what is in view. Colours are resolved here: a file has no theme.
import { AppError } from '#shared/errors.ts'
import type { Health } from '#shared/model/inventory.ts'
import { entityKindNames } from '#ui/EntityIcon.tsx'
import { healthSymbol } from '#ui/theme.ts'
import type { MapLine } from './map-edges.ts'
import type { MapCard, MapGroup, MapLayout } from './map-layout.ts'

const ink = {
  paper: '#ffffff', band: '#f6f7fb', card: '#ffffff', line: '#dfe2ec', text: '#1b2135', dim: '#5a6280', edge: '#8e98ea',
  health: { ok: '#1a7f4b', warning: '#a85d00', error: '#c62f3b', unknown: '#6d7691', off: '#8d95ae' } satisfies Record<Health, string>,
}
const marginPx = 24
const headPx = 44

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
const clip = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** A standalone SVG. `title` names the site and the time; every card carries its full text as a `<title>`. */
export function toSvg(layout: MapLayout, lines: readonly MapLine[], title: string): string {
  const width = layout.widthPx + 2 * marginPx
  const height = layout.heightPx + 2 * marginPx + headPx
  const boxes = new Map(layout.items.map((item) => [item.id, item]))
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Inter, Segoe UI, Helvetica, Arial, sans-serif">`,
    `<title>${escape(title)}</title><rect width="100%" height="100%" fill="${ink.paper}"/>`,
    `<text x="${marginPx}" y="${marginPx + 14}" font-size="18" font-weight="700" fill="${ink.text}">${escape(title)}</text>`,
    `<g transform="translate(${marginPx} ${marginPx + headPx})">`,
    ...layout.bands.map(
      (band) =>
        `<rect x="0" y="${band.yPx}" width="${layout.widthPx}" height="${band.heightPx}" rx="12" fill="${ink.band}"/>` +
        `<text x="16" y="${band.yPx + 26}" font-size="13" font-weight="700" fill="${ink.dim}">${band.title}</text>`,
    ),
    ...lines.map((line) => lineSvg(boxes.get(line.fromId), boxes.get(line.toId))),
    ...layout.items.map((item) => (item.kind === 'entity' ? cardSvg(item) : groupSvg(item))),
    '</g></svg>',
  ]
  return parts.join('\n')
}

function lineSvg(from: MapCard | MapGroup | undefined, to: MapCard | MapGroup | undefined): string {
  if (!from || !to) return ''
  const [upper, lower] = from.yPx <= to.yPx ? [from, to] : [to, from]
  const x1 = upper.xPx + upper.widthPx / 2
  const y1 = upper.yPx + upper.heightPx
  const x2 = lower.xPx + lower.widthPx / 2
  const y2 = lower.yPx
  const bend = Math.max(20, (y2 - y1) / 2)
  return `<path d="M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}" fill="none" stroke="${ink.edge}" stroke-width="1.2" opacity=".55"/>`
}

const frame = (item: MapCard | MapGroup, color: string): string =>
  `<rect x="${item.xPx}" y="${item.yPx}" width="${item.widthPx}" height="${item.heightPx}" rx="8" fill="${ink.card}" stroke="${ink.line}"/>` +
  `<rect x="${item.xPx}" y="${item.yPx + 6}" width="3" height="${item.heightPx - 12}" rx="1.5" fill="${color}"/>`

function cardSvg(item: MapCard): string {
  const { entity } = item
  const color = ink.health[entity.health]
  const letters = Math.floor((item.widthPx - 14) / 7.4)
  return (
    `<g><title>${escape(`${entity.name}: ${entity.status}`)}</title>${frame(item, color)}` +
    `<text x="${item.xPx + 12}" y="${item.yPx + 19}" font-size="12.5" font-weight="600" fill="${ink.text}">${escape(clip(entity.name, letters))}</text>` +
    `<text x="${item.xPx + 12}" y="${item.yPx + 35}" font-size="11" fill="${ink.dim}"><tspan fill="${color}">${healthSymbol[entity.health]}</tspan> ${escape(clip(entity.status, letters))}</text></g>`
  )
}

function groupSvg(item: MapGroup): string {
  const worst = (['error', 'warning', 'unknown', 'ok', 'off'] as const).find((health) => item.counts[health] > 0) ?? 'unknown'
  const counts = (Object.keys(item.counts) as Health[]).filter((health) => item.counts[health] > 0)
  return (
    `<g>${frame(item, ink.health[worst])}` +
    `<text x="${item.xPx + 12}" y="${item.yPx + 19}" font-size="12.5" font-weight="600" fill="${ink.text}">${item.memberIds.length} ${entityKindNames[item.entityKind].many.toLowerCase()}</text>` +
    `<text x="${item.xPx + 12}" y="${item.yPx + 35}" font-size="11" fill="${ink.dim}">${counts.map((health) => `<tspan fill="${ink.health[health]}">${healthSymbol[health]}</tspan> ${item.counts[health]}`).join('  ')}</text></g>`
  )
}

/** Chromium's largest canvas side; larger maps are scaled down to it. */
const mostPx = 12_000

/** Draws the SVG at twice its size, or less where a canvas could not hold it. */
export async function toPng(svg: string, widthPx: number, heightPx: number): Promise<Blob> {
  const scale = Math.min(2, mostPx / widthPx, mostPx / heightPx)
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const picture = new Image()
    picture.src = url
    await picture.decode()
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(widthPx * scale)
    canvas.height = Math.round(heightPx * scale)
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no blob'))), 'image/png'),
    )
  } catch (thrown) {
    throw new AppError('unsupported', 'The map is too large for a PNG picture.', { remedy: 'Export it as SVG.', cause: thrown })
  } finally {
    URL.revokeObjectURL(url)
  }
}
export const pictureSize = (layout: MapLayout): { widthPx: number; heightPx: number } => ({
  widthPx: layout.widthPx + 2 * marginPx,
  heightPx: layout.heightPx + 2 * marginPx + headPx,
})
