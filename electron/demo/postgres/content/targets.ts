// gen.target_a and gen.target_b: every target of the demo survey with its place, class, redshift and brightness.
// All other tables are computed from them, so catalogues agree with each other. Two tables because two sessions
// fill them at once and the order of rows must not depend on which is faster. Dropped when the build is done.
import { deviate, gauss, hash, unit } from './noise.ts'
import { facePointSql } from './sky.ts'

/** Target classes as the generator numbers them; `cls` is the spectral class 0 GALAXY, 1 QSO, 2 STAR. */
export const kinds = { bgs: 1, lrg: 2, elg: 3, qso: 4, mws: 5, backup: 6, standard: 7 } as const
/** Codes that `zpix.id` packs above the TARGETID, lowest first, as specprod-db numbers them. */
export const surveys = ['cmx', 'special', 'sv1', 'sv2', 'sv3', 'main'] as const
export const programs = ['other', 'backup', 'bright', 'dark'] as const

/** One zpix row in 32 is a second coadd of a target already in the table. */
export function splitRows(zpixRows: number): { targets: number; repeats: number } {
  const repeats = Math.floor(zpixRows / 32)
  return { targets: zpixRows - repeats, repeats }
}

/** gen.coadd: names, id offset and typical exposure of each survey and programme. */
export const coaddSql = `
CREATE UNLOGGED TABLE gen.coadd AS
SELECT s.code::int2 AS surv, p.code::int2 AS prog, s.name AS survey, p.name AS program,
       p.code * 79228162514264337593543950336::numeric + s.code * 18446744073709551616::numeric AS id_base,
       (CASE p.name WHEN 'dark' THEN 1030 WHEN 'bright' THEN 195 WHEN 'backup' THEN 70 ELSE 420 END
        * CASE s.name WHEN 'main' THEN 1 WHEN 'sv1' THEN 3.4 WHEN 'cmx' THEN 2
        ELSE 1.25 END)::float8 AS efftime,
       (CASE s.name WHEN 'cmx' THEN 58920 WHEN 'sv1' THEN 59197 WHEN 'sv2' THEN 59295 WHEN 'sv3' THEN 59309
        ELSE 59348 END)::float8 AS first_mjd,
       (CASE s.name WHEN 'cmx' THEN 9 WHEN 'sv1' THEN 97 WHEN 'sv2' THEN 12 WHEN 'sv3' THEN 36
       ELSE 396 END)::float8
         AS days
FROM (VALUES ${surveys.map((name, index) => `(${index + 1}, '${name}')`).join(', ')}) s(code, name),
     (VALUES ${programs.map((name, index) => `(${index + 1}, '${name}')`).join(', ')}) p(code, name)`

const bgsZ = `(0.22 * exp(0.45 * ${deviate('s.uz')}))`
const elgZ = `(CASE WHEN s.uz < 0.45 THEN 0.88 + 0.11 * ${deviate('(s.uz / 0.45)')}
                    ELSE 1.29 + 0.14 * ${deviate('((s.uz - 0.45) / 0.55)')} END)`
const qsoZ = `(1.68 + 0.66 * ${deviate('s.uz')})`
/** Out of a class' range, fold back in: a thin uniform floor instead of a pile-up at the edge. */
const folded = (z: string, low: number, high: number): string =>
  `CASE WHEN ${z} BETWEEN ${low} AND ${high} THEN ${z} ELSE ${low} + ${high - low} * s.uf END`

const redshift = `CASE
    WHEN s.cls = 2 THEN 0.0003 * s.g
    WHEN s.is_bad THEN CASE s.cls WHEN 1 THEN 0.05 + 5.9 * s.uz ELSE 0.002 + 1.69 * s.uz END
    WHEN s.cls = 1 THEN ${folded(qsoZ, 0.3, 6.3)}
    WHEN s.kind = ${kinds.bgs} THEN ${folded(bgsZ, 0.01, 0.6)}
    WHEN s.kind = ${kinds.lrg} THEN CASE
      WHEN s.uz < 0.237 THEN 0.4 + 0.844 * s.uz
      WHEN s.uz < 0.598 THEN 0.6 + 0.554 * (s.uz - 0.237)
      ELSE 0.8 + 0.3 * (1 - power((1 - s.uz) / 0.402, 0.75)) END
    WHEN s.kind = ${kinds.elg} THEN ${folded(elgZ, 0.6, 1.63)}
    ELSE 0.15 + 1.3 * s.uz END`

/** Dereddened r magnitude. */
const magnitude = `CASE s.kind
    WHEN ${kinds.bgs} THEN CASE WHEN s.um < 0.68 THEN greatest(13.2, 19.5 + 0.95 * ln(s.um / 0.68))
    ELSE 19.5 + 0.675 * s.uf END
    WHEN ${kinds.lrg} THEN least(22.9, 19.6 + 3.1 * (greatest(s.z, 0) - 0.4) + 0.35 * s.g)
    WHEN ${kinds.elg} THEN least(23.9, greatest(20.6, 22.9 + 0.45 * s.g))
    WHEN ${kinds.qso} THEN greatest(16.5, 23 + 1.05 * ln(s.um))
    WHEN ${kinds.mws} THEN 19 - 3 * power(s.um, 1.7)
    WHEN ${kinds.backup} THEN 11.5 + 4.5 * sqrt(s.um)
    ELSE 16 + 2 * s.um END`

const isClumped = `(s.kind <= ${kinds.elg} AND s.uc < 0.4)`
const wrapped = (value: string): string => `(${value} - floor(${value}))`
const point = facePointSql('s')

/**
 * Fills one of the two tables with the targets of the pixels in one half of the footprint. Galaxies clump: four
 * in ten sit in one of five groups of their pixel, close in both place and redshift.
 */
export const targetSql = (table: 'target_a' | 'target_b', repeats: number, half: 'low' | 'high'): string => `
CREATE UNLOGGED TABLE gen.${table} AS
WITH middle AS (SELECT max(hpx) AS last FROM gen.pixel WHERE first_t <= (SELECT max(last_t) / 2
    FROM gen.pixel)),
numbered AS (
  SELECT t, t - p.first_t AS k, p.hpx, p.face, p.ix, p.iy, p.cap, p.is_north, p.ebv, p.star_boost,
         ${hash('t', 1)} AS h1, ${hash('t', 2)} AS h2, ${hash('t', 3)} AS h3, ${hash('t', 4)} AS h4,
         ${hash('p.hpx >> 4', 5)} AS hb
  FROM gen.pixel p, middle m, generate_series(p.first_t, p.last_t - 1) t
  WHERE p.hpx ${half === 'low' ? '<=' : '>'} m.last OFFSET 0
), drawn AS (
  SELECT s.*, ${unit('s.h1')} AS ux, ${unit('s.h1', 20)} AS uy, ${unit('s.h1', 40)} AS uk,
         ${unit('s.h2')} AS uz, ${unit('s.h2', 20)} AS uc, ${unit('s.h2', 40)} AS us,
         ${unit('s.h3')} AS uf, ${unit('s.h3', 20)} AS ucls, ${unit('s.h3', 40)} AS um,
         ${gauss('s.h4')} AS g, 0.195 * s.star_boost AS stars, (s.hb & 1023) < 82 AS is_sv_field
  FROM numbered s OFFSET 0
), sorted AS (
  SELECT s.*, CASE
           WHEN s.uk < s.stars THEN CASE WHEN s.uk < 0.829 * s.stars THEN ${kinds.mws}
                                         WHEN s.uk < 0.889 * s.stars THEN ${kinds.backup}
                                         ELSE ${kinds.standard} END
           WHEN s.uk < s.stars + 0.412 * (1 - s.stars) THEN ${kinds.bgs}
           WHEN s.uk < s.stars + 0.6215 * (1 - s.stars) THEN ${kinds.lrg}
           WHEN s.uk < s.stars + 0.8545 * (1 - s.stars) THEN ${kinds.elg}
           ELSE ${kinds.qso} END AS kind,
         ${hash('s.hpx * 16 + (s.uc * 12.5)::int4', 6)} AS hc
  FROM drawn s OFFSET 0
), classed AS (
  SELECT s.*, ${isClumped} AS is_clumped,
         CASE s.kind WHEN ${kinds.bgs} THEN CASE WHEN s.ucls < 0.985 THEN 0 WHEN s.ucls < 0.988 THEN 1
         ELSE 2 END
                     WHEN ${kinds.lrg} THEN CASE WHEN s.ucls < 0.992 THEN 0 WHEN s.ucls < 0.993 THEN 1
                     ELSE 2 END
                     WHEN ${kinds.elg} THEN CASE WHEN s.ucls < 0.966 THEN 0 WHEN s.ucls < 0.994 THEN 1
                     ELSE 2 END
                     WHEN ${kinds.qso} THEN CASE WHEN s.ucls < 0.70 THEN 1 WHEN s.ucls < 0.905 THEN 0 ELSE 2 END
                     ELSE CASE WHEN s.ucls < 0.998 THEN 2 ELSE 0 END END AS cls,
         s.uf < CASE s.kind WHEN ${kinds.bgs} THEN 0.02 WHEN ${kinds.lrg} THEN 0.01 WHEN ${kinds.elg} THEN 0.25
                            WHEN ${kinds.qso} THEN 0.10 WHEN ${kinds.mws} THEN 0.03
                            WHEN ${kinds.backup} THEN 0.08
                            ELSE 0.005 END AS is_bad,
         CASE WHEN s.us < 0.00015 THEN 1 WHEN s.us < 0.0058 THEN 2
              WHEN s.is_sv_field THEN CASE WHEN s.us < 0.28 THEN 3 WHEN s.us < 0.35 THEN 4
              WHEN s.us < 0.59 THEN 5 ELSE 6 END
              ELSE 6 END AS surv
  FROM sorted s OFFSET 0
), gathered AS (
  SELECT s.t, s.k, s.hpx, s.face, s.cap, s.is_north, s.ebv, s.kind, s.cls, s.is_bad, s.surv, s.uf, s.um, s.us,
  s.g, s.is_clumped, s.ux,
         (s.ix + CASE WHEN s.is_clumped THEN ${wrapped(`(${unit('s.hc')} + 0.045 * s.g)`)}
         ELSE s.ux END) / 64 AS x,
         (s.iy + CASE WHEN s.is_clumped THEN ${wrapped(`(${unit('s.hc', 20)} + 0.6 * (s.uy - 0.5) * abs(s.uy
         - 0.5))`)}
                 ELSE s.uy END) / 64 AS y,
         CASE WHEN s.is_clumped AND NOT s.is_bad THEN ${unit('s.hc', 40)} ELSE s.uz END AS uz
  FROM classed s OFFSET 0
), aligned AS (
  SELECT s.*, ${point.row} AS row,
         ${redshift} + CASE WHEN s.is_clumped AND s.cls = 0 AND NOT s.is_bad THEN (s.ux - 0.5) * 0.006
         ELSE 0 END AS z
  FROM gathered s OFFSET 0
), wide AS (
  SELECT s.*, ${point.width} AS width, ${magnitude} AS rmag FROM aligned s OFFSET 0
), placed AS (
  SELECT s.*, asind(${point.sinDec}) AS dec, ${point.ra} AS ra_raw FROM wide s OFFSET 0
), bricked AS (
  SELECT s.*, CASE WHEN s.ra_raw < 0 THEN s.ra_raw + 360 ELSE s.ra_raw END AS ra,
         floor((s.dec + 90.125) * 4)::int4 AS brick_row
  FROM placed s OFFSET 0
), columned AS (
  SELECT s.*, r.bricks, r.first_brick, floor(s.ra * r.bricks / 360)::int4 AS brick_col
  FROM bricked s JOIN gen.brick_row r USING (brick_row) OFFSET 0
)
SELECT s.t, CASE WHEN s.kind = ${kinds.backup} THEN 2::int8 << 60
                 ELSE (CASE WHEN s.is_north THEN 9011 ELSE 9010 END)::int8 << 42 END
            + ((s.first_brick + s.brick_col) << 22) + (s.k * 192 + s.face * 16 + (s.hpx & 15)) AS targetid,
       s.hpx, s.face, s.cap, s.ra, s.dec, s.ebv, s.is_north, s.kind, s.cls, s.is_bad, s.surv,
       CASE WHEN s.surv = 1 THEN 1 WHEN s.kind IN (${kinds.bgs}, ${kinds.mws}) THEN 3
       WHEN s.kind = ${kinds.backup} THEN 2
            ELSE 4 END AS prog,
       s.z, s.rmag, s.kind <> ${kinds.backup} AND s.us < 0.9965 AS has_imaging,
       CASE WHEN s.t % 31 = 0 AND s.t / 31 < ${repeats} THEN 2 ELSE 1 END AS nspec,
       (s.first_brick + s.brick_col)::int4 AS brickid, (s.k * 192 + s.face * 16 + (s.hpx & 15))::int4 AS objid,
       s.brick_row, (s.brick_col + 0.5) * 360 / s.bricks AS brick_ra
FROM columned s`
