// Units in column comments. PostgreSQL has no place for a unit, so databases write it into the comment; this reads
// the usual ways: `Flux in g [nanomaggy]`, `[deg] Right ascension`, `Right ascension (unit: deg)`, `unit: deg; …`.

export interface ColumnNote {
  unit: string | null
  description: string | null
}

const patterns: readonly RegExp[] = [
  /^\[(?<unit>[^[\]]{1,60})\]\s*(?<text>[\s\S]*)$/,
  /^(?<text>[\s\S]*?)\s*\[(?<unit>[^[\]]{1,60})\]\.?$/,
  /^(?<text>[\s\S]*?)\s*\(units?\s*[:=]\s*(?<unit>[^()]{1,60})\)\.?$/i,
  /^units?\s*[:=]\s*(?<unit>[^;|\n]{1,60})(?:[;|\n]\s*(?<text>[\s\S]*))?$/i,
  /^(?<text>[\s\S]*?)[;|\n]\s*units?\s*[:=]\s*(?<unit>[^;|\n]{1,60})$/i,
]

/** Splits a comment into unit and description; a comment without a unit is all description. */
export function parseColumnComment(comment: string | null): ColumnNote {
  const text = comment?.trim() ?? ''
  if (text === '') return { unit: null, description: null }
  for (const pattern of patterns) {
    const groups = pattern.exec(text)?.groups
    if (groups) return { unit: groups['unit']?.trim() || null, description: groups['text']?.trim() || null }
  }
  return { unit: null, description: text }
}
