// A demo context for tests of single servers: certificates in a temporary directory, a clock that can be set, no
// faults. Used by the demo servers' and the connectors' tests; the product's own composition is demo-lab.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLabRunner } from '../containers/lab-runner.ts'
import type { DemoContext } from '../context.ts'
import { loadCertificates } from '../world/certificates.ts'
import { createDemoClock } from '../world/clock.ts'
import { createFaultPlan } from '../world/faults.ts'
import { loadCleanSite, loadDemoSite, type LabVariant } from '../world/site.ts'

export interface TestContext extends DemoContext {
  logLines: string[]
  dispose(): Promise<void>
}

/** `startMs`: the lab's time at the beginning, milliseconds since the epoch; now when absent. */
export async function createTestContext(options: { startMs?: number; variant?: LabVariant } = {}): Promise<TestContext> {
  const dataDir = await mkdtemp(join(tmpdir(), 'demo-lab-test-'))
  const clock = createDemoClock({
    offsetMs: options.startMs === undefined ? 0 : options.startMs - Date.now(),
  })
  const stop = new AbortController()
  const logLines: string[] = []
  const imageDir = join(import.meta.dirname, '..', '..', '..', 'resources', 'demo', 'containers', 'python')
  const runner = createLabRunner({ imageDir, log: (line) => void logLines.push(line) })
  return {
    dataDir,
    site: options.variant === 'clean' ? loadCleanSite() : loadDemoSite(),
    clock,
    faults: createFaultPlan(),
    certificate: await loadCertificates(dataDir),
    runner,
    signal: stop.signal,
    onProgress: () => {},
    log: (line) => void logLines.push(line),
    logLines,
    async dispose() {
      stop.abort()
      await runner.dispose()
      clock.dispose()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
