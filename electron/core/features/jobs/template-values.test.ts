// Substitution under attack: values that look like expressions, YAML or code stay values.
import { describe, expect, it } from 'vitest'
import { substitute } from './template-values.ts'

const withParameters = (template: unknown, parameters: Record<string, unknown>) => substitute(template, { parameters, job: { objectName: 'one' } })

describe('substitution', () => {
  it('takes the value’s own type where the expression is the whole text', () => {
    const { value, problems } = withParameters({ replicas: '{{ parameters.count }}', name: 'x-{{ parameters.count }}', cpu: '{{ parameters.count | text }}' }, { count: 4 })
    expect(value).toEqual({ replicas: 4, name: 'x-4', cpu: '4' })
    expect(problems).toEqual([])
  })

  it.each([
    ['{{ job.objectName }}'],
    ['x\n  privileged: true'],
    ["'; DROP TABLE iron.zpix; --"],
    ['$(touch /tmp/owned)'],
    ['"}, "hostNetwork": true'],
  ])('leaves %j a value wherever it is put', (hostile) => {
    const template = { image: '{{ parameters.image }}', args: ['--image={{ parameters.image }}'] }
    const { value, problems } = withParameters(template, { image: hostile })
    expect(value).toEqual({ image: hostile, args: [`--image=${hostile}`] })
    expect(problems).toEqual([])
  })

  it('never makes a key, and says so', () => {
    const { value, problems } = withParameters({ '{{ parameters.key }}': 1 }, { key: 'hostNetwork' })
    expect(value).toEqual({ '{{ parameters.key }}': 1 })
    expect(problems[0]).toContain('keys are never substituted')
  })

  it('reaches own properties only', () => {
    const { problems } = withParameters({ a: '{{ parameters.constructor }}', b: '{{ toString.name }}' }, {})
    expect(problems).toEqual(['a: parameters.constructor has no value.', 'b: “{{ toString.name }}” holds an expression that is not understood.'])
  })

  it('leaves out what is optional and not given, with the key or item that holds it', () => {
    const { value, problems } = withParameters({ a: '{{ parameters.none? }}', list: ['{{ parameters.none? }}', 'b'] }, { none: '' })
    expect(value).toEqual({ list: ['b'] })
    expect(problems).toEqual([])
  })

  it('refuses an object inside of a text, and names what is not understood', () => {
    expect(withParameters({ a: 'x {{ parameters.map }}' }, { map: { b: 1 } }).problems[0]).toContain('cannot stand inside of a text')
    expect(withParameters({ a: '{{ parameters.x + 1 }}' }, { x: 1 }).problems[0]).toContain('not understood')
    expect(withParameters({ a: '{{ parameters.missing }}' }, {}).problems[0]).toContain('has no value')
  })

  it('knows which parameter stands where', () => {
    const { origins } = withParameters({ spec: { containers: [{ image: '{{ parameters.image }}' }] } }, { image: 'x' })
    expect(origins.get('spec.containers[0].image')).toBe('image')
  })
})
