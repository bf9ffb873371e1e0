// The layer table bites: each forbidden import is found, however it is spelt, and each allowed one passes.
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

// Only the layer rule: the made-up files below exist for no compiler.
const eslint = new ESLint({
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  ruleFilter: ({ ruleId }) =>
    ruleId === 'meridian/layers' || ruleId === '@typescript-eslint/no-restricted-imports',
  overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: false } } },
})

async function findings(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath })
  return result!.messages.map((message) => message.message)
}
const importing = (what: string): string => `import * as other from '${what}'; export const use = other`

describe('the layer table', () => {
  it.each([
    ['shared/model/x.ts', 'node:fs'],
    ['shared/model/x.ts', 'react'],
    ['shared/model/x.ts', '#core/host.ts'],
    ['shared/wire/x.ts', '../../electron/core/host.ts'],
    ['renderer/features/map/x.ts', '#core/host.ts'],
    ['renderer/features/map/x.ts', '../../../electron/core/platform.ts'],
    ['renderer/features/map/x.ts', '../sql/sql.store.ts'],
    ['renderer/features/map/deep/x.ts', '../../sql/sql.store.ts'],
    ['renderer/features/map/x.ts', '../index.ts'],
    ['renderer/features/map/x.ts', '../../app/App.tsx'],
    ['renderer/app/x.ts', '@orpc/server'],
    ['renderer/ui/x.ts', '#client/client.ts'],
    ['renderer/ui/x.ts', '#shared/contracts/sql.ts'],
    ['renderer/client/x.ts', '#ui/theme.ts'],
    ['electron/core/host.ts', 'electron'],
    ['electron/core/host.ts', '#demo/demo-lab.ts'],
    ['electron/core/connectors/https/x.ts', 'electron/main'],
    ['electron/core/connectors/https/x.ts', '#demo/messages.ts'],
    ['electron/core/connectors/https/x.ts', '../../../demo/messages.ts'],
    ['electron/core/connectors/https/x.ts', '../../features/sql/sql.service.ts'],
    ['electron/core/connectors/https/x.ts', '../../platform.ts'],
    ['electron/core/features/sql/x.ts', '../inventory/inventory.service.ts'],
    ['electron/core/features/sql/x.ts', '#core/features/inventory/inventory.service.ts'],
    ['electron/core/features/sql/x.ts', 'electron'],
    ['electron/core/features/sql/x.ts', '@mantine/core'],
    ['electron/core/storage/x.ts', '../features/sql/run-desk.ts'],
    ['electron/loopback/x.ts', 'electron'],
    ['electron/loopback/x.ts', '../main/window.ts'],
    ['electron/main/x.ts', '#core/features/sql/sql.service.ts'],
    ['electron/demo/x.ts', '#core/connectors/https/https-client.ts'],
    ['electron/preload/x.ts', 'node:fs'],
    ['electron/launch/x.mjs', 'zod'],
    ['electron/core/x.test.ts', 'electron'],
  ])('%s may not import %s', async (file, what) =>
    expect(await findings(file, importing(what))).toHaveLength(1),
  )

  it.each([
    ['shared/model/x.ts', 'zod'],
    ['renderer/features/map/x.ts', '#ui/theme.ts'],
    ['renderer/features/map/x.ts', './map-layout.ts'],
    ['renderer/features/map/x.ts', '../screen.ts'],
    ['renderer/features/index.ts', './sql/SqlScreen.tsx'],
    ['renderer/main.tsx', './app/App.tsx'],
    ['electron/core/features/sql/x.ts', '../../core-services.ts'],
    ['electron/core/features/sql/x.ts', 'node:fs'],
    ['electron/core/host.ts', './features/index.ts'],
    ['electron/main/x.ts', 'electron'],
    ['electron/loopback/x.ts', '#core/host.ts'],
    ['electron/core/x.test.ts', '#demo/demo-lab.ts'],
  ])('%s may import %s', async (file, what) => expect(await findings(file, importing(what))).toEqual([]))

  it.each([
    `export { use } from '#core/host.ts'`,
    `export * from '#core/host.ts'`,
    `export const use = () => import('#core/host.ts')`,
    `export type Use = import('#core/host.ts').Host`,
    `import type { Host } from '#core/host.ts'; export type Use = Host`,
    `import '#core/host.ts'`,
  ])('sees through %s', async (code) =>
    expect(await findings('renderer/features/map/x.ts', code)).toHaveLength(1),
  )

  it('lets types alone through where the table says so', async () => {
    const file = 'electron/core/connectors/https/x.ts'
    const types = `import type { Log } from '../../platform.ts'; export type Use = Log`
    expect(await findings(file, types)).toEqual([])
    expect(
      await findings(file, `import { type Log } from '../../platform.ts'; export type Use = Log`),
    ).toEqual([])
    expect(await findings(file, types.replace('import type', 'import'))).toHaveLength(1)
  })
  it('says what may not be and why', async () => {
    const [message] = await findings('shared/model/x.ts', importing('node:fs'))
    expect(message).toBe('shared may not import node:fs: shared knows no other room, no Node and no DOM.')
  })
})
