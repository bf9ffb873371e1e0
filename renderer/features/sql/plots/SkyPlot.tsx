// Where on the sky the rows are: an all-sky map in Mollweide projection, every row counted, colour by density.
import { Select, useComputedColorScheme } from '@mantine/core'
import { useEffect, useMemo, useRef, useState } from 'react'
import { EmptyState } from '#ui/EmptyState.tsx'
import type { ResultTable } from '../result-table.ts'
import { ColumnPicker } from './ColumnPicker.tsx'
import { useColumns } from './column-data.ts'
import { radiusFor, toPixels, type RampName } from './density.ts'
import { inkOf } from '#ui/plot-ink.ts'
import { PlotFrame } from './PlotFrame.tsx'
import { findSkyColumns, projectInto, skyScale, type SkyFrame } from './sky-projection.ts'

export default function SkyPlot({ table }: { table: ResultTable }) {
  const guess = useMemo(() => findSkyColumns(table.fields.map((field) => field.name)), [table])
  const [columns, setColumns] = useState(guess)
  const [centre, setCentre] = useState('180')
  const data = useColumns(table, columns ? [columns.ra, columns.dec] : [])
  const controls = (
    <>
      <ColumnPicker label="RA" table={table} value={columns?.ra ?? null} onChange={(ra) => setColumns({ ra, dec: columns?.dec ?? ra })} />
      <ColumnPicker label="Dec" table={table} value={columns?.dec ?? null} onChange={(dec) => setColumns({ ra: columns?.ra ?? dec, dec })} />
      <Select size="xs" style={{ flex: '0 1 150px', minWidth: 100 }} aria-label="Centre" allowDeselect={false} value={centre} onChange={(value) => value && setCentre(value)} data={[{ value: '180', label: 'Centre RA 180°' }, { value: '120', label: 'Centre RA 120°' }, { value: '0', label: 'Centre RA 0°' }]} />
    </>
  )
  return (
    <PlotFrame data={data} instead={columns ? undefined : <ChoosePosition />} exportName="sky.png" controls={controls}>
      {({ widthPx, heightPx }, { values: [ra, dec] }) =>
        ra && dec && ra.length > 0 ? (
          <Sky ra={ra} dec={dec} widthPx={widthPx} heightPx={heightPx} centreRa={Number(centre)} />
        ) : (
          <EmptyState title="Nothing to draw">No row has a position in both columns.</EmptyState>
        )
      }
    </PlotFrame>
  )
}

const ChoosePosition = () => (
  <EmptyState title="Which columns are the position?">
    No column is called like a right ascension and a declination. Choose them above; <code>zpix</code> has{' '}
    <code>mean_fiber_ra</code> and <code>mean_fiber_dec</code>, or join <code>photometry</code> for <code>ra</code> and{' '}
    <code>dec</code>.
  </EmptyState>
)

function Sky({ ra, dec, widthPx, heightPx, centreRa }: SkyFrame & { ra: Float64Array; dec: Float64Array }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scheme = useComputedColorScheme('dark')
  useEffect(() => {
    const ratio = window.devicePixelRatio || 1
    const element = canvas.current!
    const whole = { widthPx: Math.round(widthPx * ratio), heightPx: Math.round(heightPx * ratio), centreRa }
    const controller = new AbortController()
    const draw = async (): Promise<void> => {
      // The old picture stays until the new one is counted, so that arriving rows do not make it flicker.
      const counts = await countPoints(ra, dec, whole, controller.signal)
      if (!counts) return
      element.width = whole.widthPx
      element.height = whole.heightPx
      const pen = element.getContext('2d')!
      drawGraticule(pen, whole, ratio)
      drawDensity(pen, counts, whole, radiusFor(ra.length), scheme)
    }
    draw().catch(reportError)
    return () => controller.abort()
  }, [ra, dec, widthPx, heightPx, centreRa, scheme])
  return <canvas ref={canvas} style={{ width: widthPx, height: heightPx, display: 'block' }} role="img" aria-label="All-sky map, Mollweide projection, right ascension growing to the left" data-testid="sky" />
}

const sliceMs = 14

/** Points per pixel, in slices, so that a million of them never hold the page for longer than a frame; null = given up. */
async function countPoints(ra: Float64Array, dec: Float64Array, frame: SkyFrame, signal: AbortSignal): Promise<Uint32Array | null> {
  const { widthPx, heightPx } = frame
  const scale = skyScale(frame)
  const counts = new Uint32Array(widthPx * heightPx)
  const at = { x: 0, y: 0 }
  let sliceStartedAt = performance.now()
  for (let index = 0; index < ra.length; index += 1) {
    projectInto(ra[index]!, dec[index]!, frame, scale, at)
    const x = Math.round(at.x)
    const y = Math.round(at.y)
    if (x >= 0 && y >= 0 && x < widthPx && y < heightPx) counts[y * widthPx + x]! += 1
    if ((index & 0x7fff) !== 0x7fff || performance.now() - sliceStartedAt < sliceMs) continue
    await new Promise((resolve) => setTimeout(resolve))
    if (signal.aborted) return null
    sliceStartedAt = performance.now()
  }
  return counts
}

function drawDensity(pen: CanvasRenderingContext2D, counts: Uint32Array, frame: SkyFrame, radiusPx: number, ramp: RampName): void {
  const { widthPx, heightPx } = frame
  const layer = new OffscreenCanvas(widthPx, heightPx)
  layer.getContext('2d')!.putImageData(new ImageData(toPixels(counts, widthPx, heightPx, radiusPx, ramp).pixels, widthPx, heightPx), 0, 0)
  pen.drawImage(layer, 0, 0)
}

function drawGraticule(pen: CanvasRenderingContext2D, frame: SkyFrame, ratio: number): void {
  const ink = inkOf()
  const scale = skyScale(frame)
  const at = { x: 0, y: 0 }
  pen.clearRect(0, 0, frame.widthPx, frame.heightPx)
  pen.lineWidth = ratio
  pen.strokeStyle = ink.grid
  const line = (points: Array<[number, number]>): void => {
    pen.beginPath()
    for (const [index, [ra, dec]] of points.entries()) {
      projectInto(ra, dec, frame, scale, at)
      if (index === 0) pen.moveTo(at.x, at.y)
      else pen.lineTo(at.x, at.y)
    }
    pen.stroke()
  }
  const declinations = Array.from({ length: 91 }, (_unused, index) => index * 2 - 90)
  for (let step = -180; step <= 180; step += 30) {
    const ra = frame.centreRa + (step === -180 ? -179.9999 : step === 180 ? 179.9999 : step)
    line(declinations.map((dec) => [ra, dec]))
  }
  for (let dec = -60; dec <= 60; dec += 30) line(Array.from({ length: 181 }, (_unused, index) => [frame.centreRa - 179.9999 + index * 1.99999, dec]))
  pen.fillStyle = ink.text
  pen.font = `${11 * ratio}px system-ui`
  pen.textAlign = 'center'
  for (let step = -150; step <= 150; step += 30) {
    const ra = (frame.centreRa + step + 720) % 360
    projectInto(ra, 0, frame, scale, at)
    pen.fillText(`${ra}°`, at.x, at.y - 4 * ratio)
  }
  for (const dec of [-60, -30, 30, 60]) {
    projectInto(frame.centreRa + 179.9999, dec, frame, scale, at)
    pen.textAlign = 'right'
    pen.fillText(`${dec > 0 ? '+' : '−'}${Math.abs(dec)}°`, at.x - 6 * ratio, at.y + 4 * ratio)
  }
}
