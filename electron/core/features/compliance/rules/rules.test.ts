import { describe, expect, it } from 'vitest'
import { evaluateRule, type RuleScope } from './evaluate-rule.ts'
import { RuleFault } from './rule-fault.ts'
import { parseRule, RuleSyntaxError } from './rule-syntax.ts'
import { fillTemplate, parseTemplate } from './rule-template.ts'

const scope: RuleScope = {
  variables: {
    users: [
      { userid: 'root@pam', enable: 1, tokens: [] },
      { userid: 'ada@pve', enable: 0, tokens: [{ id: 'app', privsep: 0 }] },
    ],
    text: 'PermitRootLogin no\nport 22\nCiphers aes256-ctr,3des-cbc\n',
    nothing: null,
    unread: { of: 'node01', problem: 'There is no SSH connection to node01.' },
    read: { of: 'node02', value: { out: 'ok' } },
    now: Date.parse('2026-11-24T12:00:00Z'),
  },
  functions: { isKnown: (name) => name === 'ada' },
}
const compute = (text: string): unknown => evaluateRule(parseRule(text), scope)

describe('the rule language', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 2 - 3', 5],
    ['7 % 4 == 3 && 8 / 2 == 4', true],
    ['-2 < -1', true],
    ['"a" + \'b\'', 'ab'],
    ['[1] + [2, 3]', [1, 2, 3]],
    ['2 in [1, 2]', true],
    ["'enable' in users[0]", true],
    ['!false || nothing == null', true],
    ["size(users) > 1 ? 'many' : 'few'", 'many'],
    ['users.all(u, u.userid.contains("@"))', true],
    ['users.exists(u, u.enable == 0)', true],
    ['users.filter(u, yes(u.enable)).map(u, u.userid)', ['root@pam']],
    ['users.flatMap(u, u.tokens).count(t, !yes(t.privsep))', 1],
    ['users.all(u, u.tokens.all(t, t.id == "app" && u.userid == "ada@pve"))', true],
    ['users[0].?comment ?? "nobody"', 'nobody'],
    ["users[0][?'totp-locked'] ?? 0", 0],
    ['nothing.?field ?? 3', 3],
    ["pairs(text, ' ').permitrootlogin", 'no'],
    ["split(pairs(text, ' ').ciphers, ',').filter(c, c.matches('-cbc$'))", ['3des-cbc']],
    ['number("42") + number(1)', 43],
    ["lines('a\\n\\n b ')", ['a', 'b']],
    ["capture('pve-manager/8.4.1/2a', 'pve-manager/([0-9]+)')[1]", '8'],
    ["time('2026-11-24T00:00:00Z') > now - days(1)", true],
    ["versionAtLeast('8.10', '8.9')", true],
    ["inNetwork('10.25.60.8', '10.25.60.0/24') && !inNetwork('10.25.61.8', '10.25.60.0/24')", true],
    ["runsDailyAt('09:00', '09:00') && runsDailyAt('mon..sun 9:00', '09:00') && !runsDailyAt('mon..fri 09:00', '09:00')", true],
    ["runsDailyAt('daily', '09:00')", false],
    ["options('virtio=AA,bridge=vmbr0,firewall=1').firewall", '1'],
    ["isKnown('ada')", true],
    ["read.value.out == 'ok'", true],
    ['first([]) == null', true],
    ['max([3, 9, 4])', 9],
    ["isAddress('10.0.0.1; rm -rf /')", false],
  ])('%s', (text, expected) => {
    expect(compute(text)).toEqual(expected)
  })

  it.each([
    ['users[0].comment', 'The answer has no field “comment”.'],
    ['nothing.field', 'There is no “field”, because what should hold it is absent.'],
    ['users[9]', 'The list has no item 9.'],
    ['1 && true', 'Expected yes or no, found a number.'],
    ['"5" > 3', 'Expected a number, found a text.'],
    ['number("many")', 'Expected a number, found “many”.'],
    ['1 / 0', 'The rule divides by zero.'],
    ['text.all(x, true)', '“all” needs a list, not a text.'],
    ['nobody', 'There is nothing called “nobody”.'],
    ['explode()', 'There is no function “explode”.'],
    ["json('{')", 'The answer is not JSON.'],
    ['users[0].constructor', 'The answer has no field “constructor”.'],
    ["users[0]['__proto__']", 'The answer has no field “__proto__”.'],
  ])('is at fault, never false: %s', (text, message) => {
    expect(() => compute(text)).toThrow(message)
    expect(() => compute(text)).toThrow(RuleFault)
  })

  it('gives the reason of a value that could not be read', () => {
    const fault = (() => {
      try {
        return compute('unread.value.out')
      } catch (error) {
        return error
      }
    })()
    expect(fault).toMatchObject({ kind: 'unread', message: 'There is no SSH connection to node01.' })
  })

  it.each(['1 +', 'a b', '(1', '[1, 2', 'x.all(u)', "'open", 'a = 1', 'this; that', '`x`'])('does not read: %s', (text) => {
    expect(() => parseRule(text)).toThrow(RuleSyntaxError)
  })

  it('refuses a rule that is nested beyond reason, and one that never seems to end', () => {
    expect(() => parseRule(`${'('.repeat(200)}1${')'.repeat(200)}`)).toThrow(RuleSyntaxError)
    const many = { variables: { list: Array.from({ length: 2500 }, (_unused, index) => index) } }
    expect(() => evaluateRule(parseRule('list.all(a, list.all(b, true))'), many)).toThrow('too many steps')
  })

  it('fills templates, and encodes what goes into a path', () => {
    const filled = (text: string): string =>
      fillTemplate(parseTemplate(text), { variables: { node: 'a/../b' } }, encodeURIComponent)
    expect(filled('/nodes/{node}/dns')).toBe('/nodes/a%2F..%2Fb/dns')
    expect(filled('{{print $1}} {1 + 1}')).toBe('{print $1} 2')
  })
})
