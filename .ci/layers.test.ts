// The layer table bites: each forbidden import is found, each allowed one passes.
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

const eslint = new ESLint({ cwd: new URL('..', import.meta.url).pathname })

async function findings(filePath: string, imported: string): Promise<number> {
  const [result] = await eslint.lintText(`import * as other from '${imported}'\nexport const use = other\n`, { filePath })
  return result!.messages.filter((message) => message.ruleId === 'no-restricted-imports').length
}

describe('the layer table', () => {
  it.each([
    ['shared/model/x.ts', 'node:fs'],
    ['shared/model/x.ts', '#core/host.ts'],
    ['renderer/features/map/x.ts', '#core/host.ts'],
    ['renderer/features/map/x.ts', '../sql/sql.store.ts'],
    ['renderer/ui/x.ts', '#client/client.ts'],
    ['renderer/client/x.ts', '#ui/theme.ts'],
    ['electron/core/connectors/https/x.ts', 'electron'],
    ['electron/core/connectors/https/x.ts', '#demo/demo-lab.ts'],
    ['electron/core/features/sql/x.ts', '../inventory/inventory.service.ts'],
    ['electron/core/features/sql/x.ts', 'electron'],
    ['electron/loopback/x.ts', 'electron'],
    ['electron/demo/x.ts', '#ui/theme.ts'],
  ])('%s may not import %s', async (file, imported) => expect(await findings(file, imported)).toBe(1))

  it.each([
    ['shared/model/x.ts', 'zod'],
    ['renderer/features/map/x.ts', '#ui/theme.ts'],
    ['renderer/features/map/x.ts', './map-layout.ts'],
    ['electron/core/features/sql/x.ts', '../../core-services.ts'],
    ['electron/core/features/sql/x.ts', 'node:fs'],
    ['electron/main/x.ts', 'electron'],
  ])('%s may import %s', async (file, imported) => expect(await findings(file, imported)).toBe(0))
})
