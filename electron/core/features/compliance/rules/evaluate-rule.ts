// Computes a rule over the answers of probes. Total and bounded: every rule ends within a fixed number of steps, reads
// own properties only, and either gives a value or throws a RuleFault. An absent field is a fault, never `false`, so
// that an answer of another shape cannot pass for a good one.
import type { BinaryOperator, Rule } from './rule-syntax.ts'
import { ruleFunctions, type RuleFunction } from './rule-functions.ts'
import { RuleFault, typeWord } from './rule-fault.ts'

export interface RuleScope {
  variables: Readonly<Record<string, unknown>>
  /** Functions beside the built-in ones: what the application knows. */
  functions?: Readonly<Record<string, RuleFunction>>
}

/** A run over tens of thousands of pods takes well under a million steps a check. */
const maxSteps = 5_000_000

/** The value of a rule. Throws RuleFault. */
export function evaluateRule(rule: Rule, scope: RuleScope): unknown {
  let steps = 0
  const own = (source: object | undefined, name: string): boolean => source !== undefined && Object.hasOwn(source, name)

  function compute(node: Rule, locals: Locals | undefined): unknown {
    if ((steps += 1) > maxSteps) throw new RuleFault('The rule takes too many steps.')
    switch (node.kind) {
      case 'value':
        return node.value
      case 'name':
        return lookUp(node.name, locals)
      case 'list':
        return node.items.map((item) => compute(item, locals))
      case 'field':
        return fieldOf(compute(node.of, locals), compute(node.key, locals), node.isOptional)
      case 'call': {
        const called = own(scope.functions, node.name)
          ? scope.functions![node.name]!
          : own(ruleFunctions, node.name)
            ? ruleFunctions[node.name]!
            : undefined
        if (!called) throw new RuleFault(`There is no function “${node.name}”.`)
        return called(...node.args.map((arg) => compute(arg, locals)))
      }
      case 'macro':
        return runMacro(node, locals)
      case 'unary': {
        const value = compute(node.of, locals)
        return node.operator === '!' ? !truth(value) : -numberOf(value)
      }
      case 'binary':
        return runBinary(node, locals)
      case 'choice':
        return compute(truth(compute(node.when, locals)) ? node.then : node.otherwise, locals)
    }
  }

  function lookUp(name: string, locals: Locals | undefined): unknown {
    for (let scopeOf = locals; scopeOf; scopeOf = scopeOf.outer) if (scopeOf.name === name) return scopeOf.value
    if (own(scope.variables, name)) return scope.variables[name]
    throw new RuleFault(`There is nothing called “${name}”.`)
  }

  function runMacro(node: Extract<Rule, { kind: 'macro' }>, locals: Locals | undefined): unknown {
    const list = compute(node.of, locals)
    if (!Array.isArray(list)) throw new RuleFault(`“${node.name}” needs a list, not ${typeWord(list)}.`)
    const at = (value: unknown): unknown => compute(node.body, { name: node.variable, value, outer: locals })
    switch (node.name) {
      case 'all':
        return list.every((item) => truth(at(item)))
      case 'exists':
        return list.some((item) => truth(at(item)))
      case 'filter':
        return list.filter((item) => truth(at(item)))
      case 'count':
        return list.filter((item) => truth(at(item))).length
      case 'map':
        return list.map(at)
      case 'flatMap':
        return list.flatMap((item) => {
          const found = at(item)
          if (!Array.isArray(found)) throw new RuleFault(`“flatMap” needs lists, not ${typeWord(found)}.`)
          return found as unknown[]
        })
    }
  }

  function runBinary(node: Extract<Rule, { kind: 'binary' }>, locals: Locals | undefined): unknown {
    const left = compute(node.left, locals)
    if (node.operator === '&&') return truth(left) && truth(compute(node.right, locals))
    if (node.operator === '||') return truth(left) || truth(compute(node.right, locals))
    if (node.operator === '??') return left ?? compute(node.right, locals)
    return combine(node.operator, left, compute(node.right, locals))
  }

  return compute(rule, undefined)
}

interface Locals {
  name: string
  value: unknown
  outer: Locals | undefined
}

function fieldOf(of: unknown, key: unknown, isOptional: boolean): unknown {
  if (of === null || of === undefined) {
    if (isOptional) return null
    throw new RuleFault(`There is no “${String(key)}”, because what should hold it is absent.`)
  }
  if (Array.isArray(of)) {
    const item: unknown = typeof key === 'number' ? of[key] : undefined
    if (item !== undefined || isOptional) return item ?? null
    throw new RuleFault(`The list has no item ${String(key)}.`)
  }
  if (typeof of !== 'object') throw new RuleFault(`${typeWord(of)} has no field “${String(key)}”.`)
  const name = String(key)
  // A value that could not be read carries the reason: whoever needs it gets that reason.
  const problem = Object.hasOwn(of, 'problem') ? (of as { problem: unknown }).problem : undefined
  if (name === 'value' && typeof problem === 'string') throw new RuleFault(problem, 'unread')
  if (Object.hasOwn(of, name)) return (of as Record<string, unknown>)[name] ?? null
  if (isOptional) return null
  throw new RuleFault(`The answer has no field “${name}”.`)
}

const truth = (value: unknown): boolean => {
  if (typeof value === 'boolean') return value
  throw new RuleFault(`Expected yes or no, found ${typeWord(value)}.`)
}
const numberOf = (value: unknown): number => {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new RuleFault(`Expected a number, found ${typeWord(value)}.`)
}

function combine(operator: Exclude<BinaryOperator, '&&' | '||' | '??'>, left: unknown, right: unknown): unknown {
  switch (operator) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case 'in':
      if (Array.isArray(right)) return right.includes(left)
      if (typeof right === 'object' && right !== null) return Object.hasOwn(right, String(left))
      throw new RuleFault(`“in” needs a list, not ${typeWord(right)}.`)
    case '+':
      if (typeof left === 'string' && typeof right === 'string') return left + right
      if (Array.isArray(left) && Array.isArray(right)) return [...(left as unknown[]), ...(right as unknown[])]
      return numberOf(left) + numberOf(right)
    case '-':
      return numberOf(left) - numberOf(right)
    case '*':
      return numberOf(left) * numberOf(right)
    case '/':
    case '%':
      if (right === 0) throw new RuleFault('The rule divides by zero.')
      return operator === '/' ? numberOf(left) / numberOf(right) : numberOf(left) % numberOf(right)
  }
  const order =
    typeof left === 'string' && typeof right === 'string'
      ? left < right ? -1 : left > right ? 1 : 0
      : numberOf(left) - numberOf(right)
  return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0
}
