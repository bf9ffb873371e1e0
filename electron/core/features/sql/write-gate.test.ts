import { describe, expect, it } from 'vitest'
import { isAppError } from '#shared/errors.ts'
import { passGate, type GateQuestion } from './write-gate.ts'

const ask = (sql: string, changes: Partial<GateQuestion> = {}): string => {
  try {
    passGate({ sql, allowWrite: false, label: 'pg', isSiteReadOnly: false, siteName: 'Lab', ...changes })
    return 'passes'
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.detail?.kind === 'read-only' ? 'read-only' : error.code
  }
}

describe('a run that may only read', () => {
  it.each([
    'select 1',
    '  -- hello\n SELECT 1;',
    '(select 1) union (select 2)',
    'with a as (select 1) select * from a',
    'values (1)',
    'table zpix',
    'show search_path',
    'explain select 1',
    "select 'set_config(1)'",
    'select "pg_terminate_backend" from t',
    'select set_config from t',
    'select $$commit$$ /* delete */',
    "select E'\\'; delete from t; --'",
  ])('passes: %s', (sql) => expect(ask(sql)).toBe('passes'))

  it.each([
    'insert into t values (1)',
    'update t set a = 1',
    'delete from t',
    'merge into t using s on true when matched then delete',
    'truncate t',
    'drop table t',
    'create table t (a int)',
    "alter role x password 'y'",
    'vacuum',
    'do $$ begin end $$',
    'call p()',
    "copy t to program 'rm -rf /'",
    "copy t from '/etc/passwd'",
    'lock table t',
    'notify x',
    'grant all on t to x',
    'prepare p as delete from t',
    'execute p',
    'begin',
    'begin read write',
    'start transaction read write',
    'commit',
    'commit and chain',
    'rollback',
    'end',
    'abort',
    'savepoint a',
    'release a',
    "prepare transaction 'x'",
    'set transaction_read_only = off',
    'set default_transaction_read_only to off',
    'set session characteristics as transaction read write',
    'set transaction read write',
    'SeT/**/transaction_read_only=off',
    'reset all',
    'discard all',
    "select set_config('transaction_read_only', 'off', false)",
    "select pg_catalog.set_config('a', 'b', true)",
    "select SET_CONFIG ('a', 'b', true)",
    "select \"set_config\"('a', 'b', true)",
    "select U&\"set\\005fconfig\"('a', 'b', true)",
    'select pg_terminate_backend(1)',
    'select pg_cancel_backend(1)',
    'select pg_reload_conf()',
    "select lo_export(1, '/tmp/x')",
    "select * from dblink('x', 'delete from t') as t(a int)",
    "select query_to_xml('x', true, true, '')",
    'select pg_stat_reset()',
    'select pg_promote()',
    "select pg_notify('a', 'b')",
    "select pg_drop_replication_slot('a')",
  ])('refuses: %s', (sql) => expect(ask(sql)).toBe('read-only'))

  it('names the connection and the way out', () => {
    try {
      passGate({
        sql: 'delete from t',
        allowWrite: false,
        label: 'proj-pg01',
        isSiteReadOnly: false,
        siteName: 'Lab',
      })
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('proj-pg01') as string,
        remedy: expect.stringContaining('Allow writing for one run') as string,
      })
    }
  })
})

describe('a run that may write', () => {
  const write = { allowWrite: true }
  it.each([
    'insert into t values (1)',
    'do $$ begin end $$',
    'select pg_terminate_backend(1)',
    'vacuum',
    "copy t to '/tmp/x'",
  ])('passes: %s', (sql) => expect(ask(sql, write)).toBe('passes'))
  it.each(['begin', 'commit', 'rollback to a'])('has no use for: %s', (sql) =>
    expect(ask(sql, write)).toBe('unsupported'),
  )
  it('is refused by a read-only site', () =>
    expect(ask('insert into t values (1)', { ...write, isSiteReadOnly: true })).toBe('read-only'))
})

describe('any run', () => {
  it.each([
    ['', 'invalid-input'],
    [' -- nothing', 'invalid-input'],
    ['select 1; select 2', 'invalid-input'],
    ['copy t to stdout', 'unsupported'],
    ['COPY t FROM STDIN', 'unsupported'],
  ])('%s', (sql, code) => {
    expect(ask(sql)).toBe(code)
    expect(ask(sql, { allowWrite: true })).toBe(code)
  })
})
