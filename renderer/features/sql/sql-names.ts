// Types as people write them.

const shortNames: Record<string, string> = {
  'double precision': 'float8',
  real: 'float4',
  bigint: 'int8',
  integer: 'int4',
  smallint: 'int2',
  boolean: 'bool',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
}

/** `character varying(6)` → `varchar(6)`, `double precision[]` → `float8[]`. */
export const shortType = (type: string): string =>
  shortNames[type] ?? type.replace('character varying', 'varchar').replace('double precision', 'float8').replace(/^real/, 'float4').replace(/^bigint/, 'int8')
