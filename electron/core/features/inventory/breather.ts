// Long loops over a large site must not hold up everything else in the core: they ask here after each item whether
// it is time to let the event loop run.

export interface Breather {
  /** True when this loop has run long enough without a pause. Cheap: call it once an item. */
  isDue(): boolean
  /** Lets pending input and timers run, then resolves. */
  rest(): Promise<void>
}

/** `budgetMs` is how long a loop may run in one piece. */
export function createBreather(budgetMs = 8): Breather {
  let startedAt = performance.now()
  return {
    isDue: () => performance.now() - startedAt >= budgetMs,
    async rest() {
      await new Promise<void>((resolve) => setImmediate(resolve))
      startedAt = performance.now()
    },
  }
}
