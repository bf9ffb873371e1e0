// Texts with rules in braces: `/nodes/{node.node}/dns`, `{object.userid} has no second factor`. Values in paths are
// percent-encoded, so that what a system answered cannot change where the next request goes.
import { evaluateRule, type RuleScope } from './evaluate-rule.ts'
import { parseRule, type Rule } from './rule-syntax.ts'
import { ruleFunctions } from './rule-functions.ts'

export type RuleTemplate = (string | Rule)[]

/** Braces that hold no rule are written twice. Throws RuleSyntaxError. */
export function parseTemplate(text: string): RuleTemplate {
  return text
    .split(/(\{\{|\}\}|\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) =>
      part === '{{' ? '{' : part === '}}' ? '}' : part.startsWith('{') ? parseRule(part.slice(1, -1)) : part,
    )
}

/** Throws RuleFault when one of its rules has no value. */
export const fillTemplate = (
  template: RuleTemplate,
  scope: RuleScope,
  encode: (text: string) => string = (text) => text,
): string =>
  template
    .map((part) => (typeof part === 'string' ? part : encode(String(ruleFunctions['text']!(evaluateRule(part, scope))))))
    .join('')
