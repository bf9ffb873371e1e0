// Parameters against their JSON Schema: defaults filled in, types as the schema says, a sentence per field. Schemas of
// user templates are foreign text: one that ajv does not accept is a problem of the template, not a fault.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { JobProblem } from '#shared/contracts/jobs.ts'

export type ParameterCheck = (given: Readonly<Record<string, unknown>>) => {
  /** With defaults. */
  parameters: Record<string, unknown>
  problems: JobProblem[]
}

/** Throws a plain Error with ajv's sentence for a schema that is none. */
export function compileParameters(schema: Record<string, unknown>): ParameterCheck {
  // Texts are not turned into numbers: what the form sends has its type already.
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, keywords: ['x-unit', 'x-group', 'x-multiline', 'x-advanced'] })
  const validate: ValidateFunction = ajv.compile(schema)
  return (given) => {
    const parameters = structuredClone(given) as Record<string, unknown>
    if (validate(parameters)) return { parameters, problems: [] }
    return { parameters, problems: (validate.errors ?? []).map(toProblem) }
  }
}

function toProblem(error: ErrorObject): JobProblem {
  const missing = error.keyword === 'required' ? String((error.params as { missingProperty: string }).missingProperty) : ''
  const extra = error.keyword === 'additionalProperties' ? String((error.params as { additionalProperty: string }).additionalProperty) : ''
  const field = missing || extra || (error.instancePath.split('/')[1] ?? '')
  const message = missing ? 'A value is needed.' : extra ? 'The template has no such parameter.' : sentence(error)
  return { message, field: field || null, line: null }
}

function sentence({ keyword, params, message = 'is not accepted' }: ErrorObject): string {
  const limit = (params as { limit?: number }).limit
  switch (keyword) {
    case 'minimum':
      return `At least ${limit}.`
    case 'maximum':
      return `At most ${limit}.`
    case 'exclusiveMinimum':
      return `More than ${limit}.`
    case 'minLength':
      return limit === 1 ? 'A value is needed.' : `At least ${limit} characters.`
    case 'maxLength':
      return `At most ${limit} characters.`
    case 'enum':
      return `One of ${((params as { allowedValues: unknown[] }).allowedValues).join(', ')}.`
    case 'type':
      return `It must be of the type ${String((params as { type: string }).type)}.`
    case 'pattern':
      return 'It has not the form that is wanted; see its help.'
    default:
      return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
  }
}
