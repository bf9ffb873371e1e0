// The shipped templates are whole: schema, defaults, manifests and scripts; and broken ones of a user are listed with
// what is wrong.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobOrder, JobTargetKind } from '#shared/contracts/jobs.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import { submissionLabel } from './labels.ts'
import { locate, planOrder } from './plan-order.ts'
import { createTemplateLibrary } from './template-library.ts'

const shipped = new URL('../../../../resources/templates', import.meta.url).pathname
let user = ''
beforeAll(() => {
  user = mkdtempSync(join(tmpdir(), 'templates-'))
})
afterAll(() => rmSync(user, { recursive: true, force: true }))

const orderOf = (templateId: string, target: JobTargetKind, parameters: Record<string, unknown> = {}): JobOrder => ({
  submissionId: '1f3a9c02-0000-4000-8000-000000000001', siteId: 's' as SiteId, templateId, target, connectionId: 'c' as ConnectionId,
  namespace: 'desi-voids', name: 'A job', parameters, data: null, manifest: null,
})
const context = { namespace: 'default', submittedBy: 'ada', atMs: 0, source: null }

describe('shipped templates', () => {
  it('are all usable, each with its defaults on each of its targets', async () => {
    const library = createTemplateLibrary({ shipped, user })
    const templates = await library.list()
    expect(templates.map(({ id }) => id)).toEqual(['agn-line-fits', 'desi-catalogue-ingest', 'generic-python', 'quasar-anomaly-scoring', 'void-galaxy-statistics'])
    for (const { id, problem, targets } of templates) {
      expect(problem, id).toBeNull()
      const template = await library.load(id)
      for (const target of targets) {
        const plan = planOrder(orderOf(id, target), template, context)
        expect(plan.problems, `${id} on ${target}`).toEqual([])
        expect(JSON.stringify(plan.manifest)).not.toContain('{{')
        if (target === 'ssh-script') continue
        const marks = JSON.stringify(plan.manifest).split(submissionLabel).length - 1
        expect(marks, 'the object and every pod template carry the label').toBe(target === 'ray-job' ? 3 : 2)
      }
    }
  })

  it('refuse what their schema refuses, at the field', async () => {
    const template = await createTemplateLibrary({ shipped, user }).load('void-galaxy-statistics')
    const { problems } = planOrder(orderOf('void-galaxy-statistics', 'kubernetes-job', { massBin: 5, algorithm: 'Guess', cores: '1' }), template, context)
    expect(problems.map(({ field, message }) => [field, message])).toEqual([
      ['algorithm', 'One of VoidFinder, REVOLVER, VIDE, ZOBOV.'],
      ['massBin', 'At most 2.'],
      ['cores', 'It must be of the type number.'],
    ])
  })

  it('find a server’s complaint at its field and line', async () => {
    const template = await createTemplateLibrary({ shipped, user }).load('void-galaxy-statistics')
    const plan = planOrder(orderOf('void-galaxy-statistics', 'kubernetes-job'), template, context)
    const said = 'Job.batch "a-job" is invalid: spec.template.spec.containers[0].image: Invalid value: "x y": must not have whitespace'
    const [problem] = locate(said, plan)
    expect(problem?.field).toBe('image')
    expect(plan.manifestText.split('\n')[(problem?.line ?? 0) - 1]).toContain('image:')
  })

  it('keep the names that a job is found by, whoever edits the manifest', async () => {
    const template = await createTemplateLibrary({ shipped, user }).load('generic-python')
    const made = planOrder(orderOf('generic-python', 'kubernetes-job'), template, context)
    const edit = (change: (text: string) => string) =>
      planOrder({ ...orderOf('generic-python', 'kubernetes-job'), manifest: change(made.manifestText) }, template, context)
    expect(edit((text) => text.replace(made.objectName, 'another')).problems[0]?.message).toContain('must stay')
    expect(edit((text) => text.replace('spec:', 'spec: [')).problems[0]?.line).toBeGreaterThan(0)
    const freed = edit((text) => text.replaceAll(/^.*submission.*\n/gm, ''))
    expect(freed.problems).toEqual([])
    expect((freed.manifest['metadata'] as { labels: Record<string, string> }).labels[submissionLabel]).toBe('1f3a9c02-0000-4000-8000-000000000001')
  })
})

describe('templates of a user', () => {
  const write = (id: string, files: Record<string, string>): void => {
    mkdirSync(join(user, id), { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(user, id, name), text)
  }
  const head = (id: string) => `id: ${id}\nversion: 1.0.0\ntitle: Mine\npurpose: Mine\nfiles: [main.py]\n`
  const schema = '{"type":"object","properties":{}}'

  it('are listed, the broken ones with what is wrong', async () => {
    write('good', { 'template.yaml': head('good'), 'parameters.schema.json': schema, 'ssh-script.yaml': 'kind: Script', 'main.py': 'pass' })
    write('no-manifest', { 'template.yaml': head('no-manifest'), 'parameters.schema.json': schema, 'main.py': '' })
    write('bad-schema', { 'template.yaml': head('bad-schema'), 'parameters.schema.json': '{"type":"object","properties":{"a":{"type":"nothing"}}}', 'ssh-script.yaml': 'kind: Script', 'main.py': '' })
    write('escape', { 'template.yaml': head('escape').replace('main.py', '../../secret'), 'parameters.schema.json': schema, 'ssh-script.yaml': 'kind: Script' })
    write('void-galaxy-statistics', { 'template.yaml': head('void-galaxy-statistics') })
    const library = createTemplateLibrary({ shipped, user })
    const own = (await library.list()).filter(({ source }) => source === 'user')
    expect(own.map(({ id, problem }) => [id, problem === null])).toEqual([['bad-schema', false], ['escape', false], ['good', true], ['no-manifest', false]])
    expect(own.find(({ id }) => id === 'no-manifest')?.problem).toContain('it has no manifest')
    await expect(library.load('escape')).rejects.toMatchObject({ code: 'invalid-input' })
    expect((await library.load('void-galaxy-statistics')).summary.source).toBe('shipped')
  })
})
