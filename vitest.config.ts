import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Two rooms, two worlds: core and shared code run on Node, the renderer in a DOM.
export default defineConfig({
  test: {
    // Many tests wait for processes and sockets: two at least run at once, on the smallest machine too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['{shared,electron,bench,.ci}/**/*.test.ts'],
          testTimeout: 20_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'dom',
          environment: 'jsdom',
          include: ['renderer/**/*.test.{ts,tsx}'],
          setupFiles: ['renderer/testing/setup.ts'],
          testTimeout: 20_000,
        },
      },
    ],
  },
})
