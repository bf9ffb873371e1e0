// From process start to the first screen one can use, in the machine's Chromium through the loopback shell: cold
// (a new data directory) and warm (the same one again). The floor in the same run is the least that any program of
// this shape must do: Node serving one static page, shown by the same browser.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Browser } from 'playwright'
import type { Emit } from './figure.ts'

const root = resolve(import.meta.dirname, '..')
const runs = 3
const floorServer = `require('node:http').createServer((q, s) => s.end('<!doctype html><h1>ready</h1>')).listen(0, '127.0.0.1', function () { console.log('http://127.0.0.1:' + this.address().port + '/') })`

/** Milliseconds until `heading` is visible on the page that the process names in its output. */
async function timeToHeading(browser: Browser, args: readonly string[], heading: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const page = await browser.newPage()
  try {
    await page.goto(await firstUrl(child))
    await page.getByRole('heading', { name: heading }).waitFor()
    return performance.now() - startedAt
  } finally {
    await page.close()
    const gone = new Promise((settle) => child.once('exit', settle))
    child.kill('SIGTERM')
    await gone
  }
}

function firstUrl(child: ChildProcess): Promise<string> {
  return new Promise((settle, reject) => {
    child.once('exit', (code) => reject(new Error(`the process ended with ${code} before it was ready`)))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const url = /(http:\/\/127\.0\.0\.1:\d+\/\S*)/.exec(line)?.[1]
      if (url) settle(url)
    })
  })
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

export async function run(emit: Emit): Promise<void> {
  const executablePath = process.env['MERIDIAN_CHROMIUM']
  const isRoot = process.getuid?.() === 0
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: isRoot ? ['--no-sandbox'] : [] })
  const heading = 'Your whole lab, in one window'
  const cold: number[] = []
  const warm: number[] = []
  const floor: number[] = []
  try {
    for (let index = 0; index < runs; index += 1) {
      const dataDir = mkdtempSync(join(tmpdir(), 'meridian-bench-'))
      const args = ['out/main/loopback.js', '--no-open', `--data-dir=${dataDir}`]
      cold.push(await timeToHeading(browser, args, heading))
      warm.push(await timeToHeading(browser, args, heading))
      floor.push(await timeToHeading(browser, ['-e', floorServer], 'ready'))
      rmSync(dataDir, { recursive: true, force: true })
    }
  } finally {
    await browser.close()
  }
  const against = 'node serving one static page to the same browser'
  emit({ bench: 'start', metric: 'floor', value: median(floor), unit: 'ms', against: null })
  emit({ bench: 'start', metric: 'cold', value: median(cold), unit: 'ms', against: null })
  emit({ bench: 'start', metric: 'warm', value: median(warm), unit: 'ms', against: null })
  emit({ bench: 'start', metric: 'cold-ratio', value: median(cold) / median(floor), unit: 'x', against })
  emit({ bench: 'start', metric: 'warm-ratio', value: median(warm) / median(floor), unit: 'x', against })
}
