import { describe, expect, it } from 'vitest'
import { splitStatements, statementAt } from './sql-statements.ts'
import { maskSqlSecrets, quoteIdentifier, quoteLiteral, scanSql } from './sql-text.ts'
import { parseColumnComment } from './sql-column-comment.ts'
import { shortestFloat4, shortestFloat8 } from './sql-number.ts'

const texts = (script: string): string[] => splitStatements(script).map((statement) => statement.text)

describe('splitStatements', () => {
  it('splits at semicolons and trims space and comments', () => {
    expect(texts('select 1; -- one\n/* two */ select 2 ;;\n select 3')).toEqual([
      'select 1',
      'select 2',
      'select 3',
    ])
  })
  it('keeps offsets that point into the script', () => {
    const script = '  select 1 ;\n\nselect 2'
    for (const { text, start, end } of splitStatements(script)) expect(script.slice(start, end)).toBe(text)
  })
  it.each([
    ["select 'a;b''c;'; x", ["select 'a;b''c;'", 'x']],
    ["select E'a\\';b'; x", ["select E'a\\';b'", 'x']],
    ["select 'a\\'; x", ["select 'a\\'", 'x']],
    ['select "a;""b"; x', ['select "a;""b"', 'x']],
    ['select U&"a;"; x', ['select U&"a;"', 'x']],
    ['select $$a;b$$; x', ['select $$a;b$$', 'x']],
    ['select $fn$ a; $$ ; $fn $ $fn$; x', ['select $fn$ a; $$ ; $fn $ $fn$', 'x']],
    ['select $1; select a$b$c; x', ['select $1', 'select a$b$c', 'x']],
    ['select 1 /* ; /* ; */ ; */ + 1; x', ['select 1 /* ; /* ; */ ; */ + 1', 'x']],
    ['select 1 -- ;\n + 1; x', ['select 1 -- ;\n + 1', 'x']],
    [
      'create rule r as on insert to t do (delete from a; delete from b); x',
      ['create rule r as on insert to t do (delete from a; delete from b)', 'x'],
    ],
    [
      'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; x',
      [
        'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end',
        'x',
      ],
    ],
    ['begin; select 1; end; x', ['begin', 'select 1', 'end', 'x']],
    ["select 'never closed; x", ["select 'never closed; x"]],
    ['select $a$ never; closed', ['select $a$ never; closed']],
    ['/* never closed; x', []],
    ['; ; \n', []],
    ['', []],
  ])('%s', (script, expected) => {
    expect(texts(script)).toEqual(expected)
  })
  it('is linear on hostile input', () => {
    const started = performance.now()
    splitStatements('$a'.repeat(50_000))
    splitStatements('/*'.repeat(50_000))
    splitStatements("'".repeat(100_001))
    splitStatements('--\n'.repeat(50_000))
    expect(performance.now() - started).toBeLessThan(3000)
  })
})

describe('scanSql', () => {
  it('covers the text without gaps', () => {
    const text = `select E'x''\\'', 1.5e-3, 0xFF, a.b, "q""i", $t$ x $t$, $1, 1..2 from t -- end`
    let at = 0
    for (const token of scanSql(text)) {
      expect(token.start).toBe(at)
      expect(token.end).toBeGreaterThan(at)
      at = token.end
    }
    expect(at).toBe(text.length)
  })
})

describe('statementAt', () => {
  const script = 'select 1;\nselect 2;  \n\nselect 3'
  it.each([
    [0, 'select 1'],
    [8, 'select 1'],
    [9, 'select 1'],
    [10, 'select 2'],
    [20, 'select 2'],
    [22, 'select 3'],
    [31, 'select 3'],
  ])('at %i', (offset, expected) => expect(statementAt(script, offset)?.text).toBe(expected))
  it('knows when there is none', () => expect(statementAt(' -- nothing', 3)).toBeUndefined())
})

describe('quoting', () => {
  it('makes any name safe', () => {
    expect(quoteIdentifier('a"; drop table x; --')).toBe('"a""; drop table x; --"')
    expect(quoteIdentifier('a\0b')).toBe('"ab"')
    expect(quoteLiteral("it's \\ here")).toBe("E'it''s \\\\ here'")
  })
})

describe('maskSqlSecrets', () => {
  it.each([
    ["ALTER ROLE x PASSWORD 'geheim'", "ALTER ROLE x PASSWORD '[masked]'"],
    [
      "create role x encrypted password E'ge\\'heim' login",
      "create role x encrypted password '[masked]' login",
    ],
    ['alter role x password $p$geheim$p$', "alter role x password '[masked]'"],
    [
      "create user mapping for a server b options (user 'u', password 'geheim')",
      "create user mapping for a server b options (user 'u', password '[masked]')",
    ],
    ["select dblink('host=a password=geheim')", "select dblink('[masked]')"],
    ["select * from t where password = 'geheim'", "select * from t where password = '[masked]'"],
    ["select 'kept'", "select 'kept'"],
  ])('%s', (text, expected) => expect(maskSqlSecrets(text)).toBe(expected))
})

describe('column comments', () => {
  it.each([
    ['Flux in g [nanomaggy]', 'nanomaggy', 'Flux in g'],
    ['[deg] Right ascension', 'deg', 'Right ascension'],
    ['Right ascension (unit: deg)', 'deg', 'Right ascension'],
    ['unit: km/s; Velocity', 'km/s', 'Velocity'],
    ['Velocity; unit: km/s', 'km/s', 'Velocity'],
    ['Best-fit redshift', null, 'Best-fit redshift'],
    ['', null, null],
  ])('%s', (comment, unit, description) => expect(parseColumnComment(comment)).toEqual({ unit, description }))
})

describe('floating point as PostgreSQL prints it', () => {
  it.each([
    [0, '0'],
    [-0, '-0'],
    [1e15, '1e+15'],
    [123456789012345, '123456789012345'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e300, '1.5e+300'],
    [5e-324, '5e-324'],
    [-1234.5, '-1234.5'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('float8 %d', (value, expected) => expect(shortestFloat8(value)).toBe(expected))
  it.each([
    [Math.fround(0.1), '0.1'],
    [Math.fround(1e6), '1e+06'],
    [Math.fround(999999), '999999'],
    [Math.fround(3.4028235e38), '3.4028235e+38'],
    [Math.fround(1e-45), '1e-45'],
  ])('float4 %d', (value, expected) => expect(shortestFloat4(value)).toBe(expected))
})
