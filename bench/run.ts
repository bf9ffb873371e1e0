// `npm run bench -- <name> [--json]`: runs one benchmark and prints its figures, a JSON line each or a table.
import { readdirSync } from 'node:fs'
import type { Emit, Figure } from './figure.ts'

const own = new Set(['run.ts', 'figure.ts'])
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !own.has(file))
  .map((file) => file.slice(0, -3))
const words = process.argv.slice(2)
const isJson = words.includes('--json')
const name = words.find((word) => !word.startsWith('--'))

if (name === undefined || !names.includes(name)) {
  console.error(`${name === undefined ? 'Which benchmark?' : `There is no benchmark "${name}".`} There are: ${names.join(', ')}`)
  process.exit(2)
}
const { run } = (await import(`./${name}.ts`)) as { run(emit: Emit): Promise<void> }
await run((figure: Figure) => {
  const value = Number(figure.value.toPrecision(4))
  if (isJson) console.log(JSON.stringify({ ...figure, value }))
  else console.log(`${figure.metric.padEnd(28)} ${String(value).padStart(12)} ${figure.unit.padEnd(6)} ${figure.against ?? ''}`)
})
process.exit(0)
