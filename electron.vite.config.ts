// How the three rooms are bundled: main (with the loopback shell, the lab's process and the worker threads beside
// it), preload (CommonJS, as a sandboxed preload must be) and the page. Dependencies stay outside the main bundles.
import { existsSync } from 'node:fs'
import { defineConfig } from 'electron-vite'
import react from '@vitejs/plugin-react'

const mainEntries = {
  index: 'electron/main/index.ts',
  loopback: 'electron/loopback/index.ts',
  'demo-process': 'electron/demo/process.ts',
  'postgres-decode': 'electron/core/connectors/postgres/decode-worker.ts',
  'vault-kdf': 'electron/core/vault/vault-kdf.ts',
}

for (const path of Object.values(mainEntries))
  if (!existsSync(path)) throw new Error(`The bundle's entry ${path} is missing.`)

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node24',
      rolldownOptions: {
        input: mainEntries,
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rolldownOptions: {
        input: { index: 'electron/preload/index.ts' },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'renderer',
    base: './',
    plugins: [react()],
    build: {
      outDir: 'out/renderer',
      // The same page is shown by whatever browser the loopback shell's user has.
      target: 'es2022',
      // The policy of the page allows no inline script and no data: font, so nothing is inlined.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: { index: 'renderer/index.html' } },
    },
  },
})
