// Names of tables and columns as SQL wants them. Pure; used by the workbench and by the search.

/** Quoted only where PostgreSQL needs it; a word it reserves is quoted too. */
export const nameOf = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`

/** Words that cannot be a plain column name. Source: PostgreSQL's appendix of key words, class "reserved". */
const reserved: ReadonlySet<string> = new Set(
  ('all analyse analyze and any array as asc asymmetric authorization both case cast check collate column constraint create ' +
    'current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc distinct do ' +
    'else end except false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime ' +
    'localtimestamp not null offset on only or order placing primary references returning select session_user some symmetric ' +
    'system_user table then to trailing true union unique user using variadic when where window with').split(' '),
)
