import { describe, expect, it } from 'vitest'
import { firstKeyword, quoteIdentifier, skeleton, splitStatements, statementAt } from './sql-statements.ts'

const texts = (sql: string): string[] => splitStatements(sql).map((statement) => statement.text)

describe('splitting statements', () => {
  it.each([
    ['select 1; select 2', ['select 1', 'select 2']],
    [";;select ';' ;;", ["select ';'"]],
    ["select 'it''s; fine'; select 2", ["select 'it''s; fine'", 'select 2']],
    ["select E'a\\';b'; select 2", ["select E'a\\';b'", 'select 2']],
    ["select 'a\\'; select 2", ["select 'a\\'", 'select 2']],
    ['select $$;$$; select $a$ $$ ; $a$', ['select $$;$$', 'select $a$ $$ ; $a$']],
    ['select "a;b"; select 1', ['select "a;b"', 'select 1']],
    ['select 1 -- ; not here\n; select 2', ['select 1 -- ; not here', 'select 2']],
    ['select /* ; /* ; */ ; */ 1; select 2', ['select /* ; /* ; */ ; */ 1', 'select 2']],
    ['-- only a comment\n;', []],
    ['select a$b$c; select 2', ['select a$b$c', 'select 2']],
    ["select 'never closed; select 2", ["select 'never closed; select 2"]],
    ['', []],
  ])('%j', (sql, expected) => expect(texts(sql)).toEqual(expected))

  it('knows where each stands, so that an error can be marked', () => {
    const sql = '  select 1 ;\n\n select 2'
    expect(splitStatements(sql).map(({ start, end }) => [sql.slice(start, start + 8), end])).toEqual([
      ['select 1', 12],
      ['select 2', sql.length],
    ])
  })

  it('is linear: a megabyte of hostile text takes no time', () => {
    const started = performance.now()
    splitStatements(`${"$a'\"/*".repeat(30_000)};${'-'.repeat(500_000)}`)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('the statement at the cursor', () => {
  const sql = 'select 1;\nselect 2;\n'
  it('takes the one the cursor is in, or the last', () => {
    expect(statementAt(sql, 3)?.text).toBe('select 1')
    expect(statementAt(sql, 9)?.text).toBe('select 1')
    expect(statementAt(sql, 12)?.text).toBe('select 2')
    expect(statementAt(sql, sql.length)?.text).toBe('select 2')
    expect(statementAt('', 0)).toBeUndefined()
  })
})

describe('words', () => {
  it('sees through comments and brackets', () => {
    expect(firstKeyword('/* delete */ -- drop\n (with a as (select 1) select 2)')).toBe('WITH')
    expect(skeleton("select 'drop table x' /* y */ from $$ z $$")).toBe("select ''   from ''")
  })
  it('quotes hostile names', () => {
    expect(quoteIdentifier('a"; drop table b; --')).toBe('"a""; drop table b; --"')
    expect(() => quoteIdentifier('a\u0000b')).toThrow()
  })
})
