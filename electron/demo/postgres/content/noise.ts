// Repeatable noise as SQL expressions: everything random in the demo's tables is a function of a row's number
// through PostgreSQL's own 64-bit hash, so the same content version always gives the same tables, in any order.

/** A 64-bit hash of an integer expression; every `salt` is a stream of its own. */
export const hash = (key: string, salt: number): string => `hashint8extended(${key}, ${salt})`

/** Uniform in the open interval (0, 1) from 20 bits of a hash; shifts 0, 20 and 40 are independent. */
export const unit = (hashed: string, shift: 0 | 20 | 40 = 0): string =>
  `(((${hashed} >> ${shift}) & 1048575)::float8 * 9.5367431640625e-07 + 4.76837158203125e-07)`

/** Uniform in (0, 1) from one of the four 16-bit parts of a hash; cheaper where 5 digits are plenty. */
export const part = (hashed: string, index: 0 | 1 | 2 | 3): string =>
  `(((${hashed} >> ${index * 16}) & 65535)::float8 * 1.52587890625e-05 + 7.62939453125e-06)`

/**
 * Close to a normal deviate: the sum of a hash's four 16-bit parts, scaled to unit variance (Irwin–Hall of order
 * 4). It ends at ±3.46, so no value built on it needs a guard against wild tails.
 */
export const gauss = (hashed: string): string =>
  `(((${hashed} & 65535) + ((${hashed} >> 16) & 65535) + ((${hashed} >> 32) & 65535) + ((${hashed} >> 48) & 65535)` +
  ` - 131070)::float8 * 2.643e-05)`

/** The deviate whose cumulative probability is `uniform`, by the logistic approximation; long-tailed. */
export const deviate = (uniform: string): string => `(ln(${uniform} / (1 - ${uniform})) * 0.5875)`
