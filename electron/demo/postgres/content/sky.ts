// Where the demo lab's survey has looked: the HEALPix pixels (nside 64, nested) of a DR1-like footprint, with their
// dust, depth and share of the targets; and the grid of imaging bricks. Run first by the content build, as SQL.
// HEALPix is the equal-area pixelisation of Górski et al. 2005, ApJ 622, 759; formulas follow its section 5.
import { unit } from './noise.ts'

/** FastSpecFit main-survey rows per nside-1 pixel hp00 … hp11, bright and dark added: the sky weights. */
const faceWeights = [
  454_285, 2_135_787, 3_057_749, 618_239, 2_720_917, 880_083, 4_199_343, 1_705_862, 298_491, 223_310, 120_033,
  107_457,
]
/** DR1 covers about 7,500 square degrees: so many nside-16 blocks of 13.43 square degrees. */
const footprintBlocks = 558
const weightTotal = faceWeights.reduce((sum, weight) => sum + weight, 0)

/**
 * Functions of the `gen` schema, which exists only while the content is built.
 * `spread` undoes the bit interleaving of the nested scheme for one coordinate of a 6-bit face grid.
 */
export const skyFunctionsSql = `
CREATE FUNCTION gen.spread(v int4) RETURNS int4 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (v & 1) + (v >> 1 & 2) + (v >> 2 & 4) + (v >> 3 & 8) + (v >> 4 & 16) + (v >> 5 & 32)
$$;
CREATE FUNCTION gen.ring(face int4) RETURNS int4 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 2 + face / 4
$$;
CREATE FUNCTION gen.meridian(face int4) RETURNS int4 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN face / 4 = 1 THEN 2 * (face % 4) ELSE 2 * (face % 4) + 1 END
$$`

/**
 * Sine of declination and right ascension of the point (x, y) in [0,1)² of a HEALPix face, as SQL over columns
 * `face`, `x`, `y` of `alias`. Equal-area: uniform x and y give uniform points on the sphere.
 */
export function facePointSql(alias: string): { row: string; width: string; sinDec: string; ra: string } {
  const row = `(gen.ring(${alias}.face) - ${alias}.x - ${alias}.y)`
  return {
    row,
    width: `CASE WHEN ${alias}.row < 1 THEN ${alias}.row WHEN ${alias}.row > 3 THEN 4 - ${alias}.row
    ELSE 1 END`,
    sinDec: `CASE WHEN ${alias}.row < 1 THEN 1 - ${alias}.row * ${alias}.row / 3
      WHEN ${alias}.row > 3 THEN (4 - ${alias}.row) * (4 - ${alias}.row) / 3 - 1
      ELSE (2 - ${alias}.row) * 2.0 / 3 END`,
    ra: `45 * (gen.meridian(${alias}.face) + (${alias}.x - ${alias}.y) / ${alias}.width)`,
  }
}

const point = facePointSql('s')

/**
 * gen.pixel: one row per observed pixel in nested order, with the range of target numbers [first_t, last_t) that
 * lie in it. Blocks of nside 16 are kept or left out so that each base pixel gets its real share of the targets
 * at one mean density; which blocks stay follows a smooth field, so the footprint has a ragged, realistic edge.
 */
export const pixelSql = (targets: number): string => `
CREATE UNLOGGED TABLE gen.pixel AS
WITH cell AS (
  SELECT p AS hpx, p >> 12 AS face, gen.spread(p & 4095) AS ix, gen.spread((p & 4095) >> 1) AS iy
  FROM generate_series(0, 49151) p
), middle AS (
  SELECT s.*, ${point.row} AS row FROM
    (SELECT hpx, face, ix, iy, (ix + 0.5::float8) / 64 AS x, (iy + 0.5::float8) / 64 AS y FROM cell OFFSET 0) s
  OFFSET 0
), wide AS (
  SELECT s.*, ${point.width} AS width FROM middle s OFFSET 0
), placed AS (
  SELECT hpx, face, ix, iy, asind(${point.sinDec}) AS dec, ${point.ra} AS ra_raw FROM wide s OFFSET 0
), galactic AS (
  SELECT hpx, face, ix, iy, dec, ra_raw - 360 * floor(ra_raw / 360) AS ra,
         asind(sind(dec) * sind(27.12825) + cosd(dec) * cosd(27.12825) * cosd(ra_raw - 192.85948)) AS b
  FROM placed OFFSET 0
), inside AS (
  SELECT *, hpx >> 4 AS block FROM galactic
  WHERE dec BETWEEN -18.9 AND 78.6 AND (b > 18 AND dec > -9.5 OR b < -19 AND dec < 34)
), block AS (
  SELECT block, face, count(*) AS pixels,
         row_number() OVER (PARTITION BY face ORDER BY
           sind(2.2 * avg(ra) + 40) + sind(5.3 * avg(dec) - avg(ra))
           + 0.7 * ${unit('hashint8extended(block, 101)')} + 3 * (count(*) < 12)::int, block) AS place
  FROM inside GROUP BY block, face
), kept AS (
  SELECT block FROM block
  WHERE place <= round(${footprintBlocks}::float8 * (ARRAY[${faceWeights.join(', ')}])[face
  + 1] / ${weightTotal})
), weighed AS (
  SELECT i.*, exp(0.5 * (${unit('hashint8extended(i.hpx, 103)')} + ${unit('hashint8extended(i.hpx, 103)', 20)}
  - 1)) AS w
  FROM inside i JOIN kept USING (block)
), shared AS (
  SELECT *, (ARRAY[${faceWeights.join(', ')}])[face + 1] / ${weightTotal}::float8
            * w / sum(w) OVER (PARTITION BY face) AS share
  FROM weighed
), running AS (
  SELECT *, sum(share) OVER (ORDER BY hpx) / sum(share) OVER () AS upto FROM shared
)
SELECT hpx, face, ix, iy, ra, dec, b,
       CASE WHEN b > 0 THEN 'NGC' ELSE 'SGC' END AS cap,
       b > 0 AND dec > 32.375 AS is_north,
       least(0.3, 0.024 / sind(abs(b)) * exp(0.7 * (${unit('hashint8extended(hpx >> 2, 107)')} * 2
       - 0.8))) AS ebv,
       0.73 / (sind(abs(b)) + 0.12) AS star_boost,
       round(${targets} * coalesce(lag(upto) OVER (ORDER BY hpx), 0))::int8 AS first_t,
       round(${targets} * upto)::int8 AS last_t
FROM running`

/**
 * gen.brick_row: the rows of 0.25 degree imaging bricks from pole to pole, each with its number of bricks and the
 * number of its first one. The Legacy Surveys count 662,174 bricks in this way.
 */
export const brickSql = `
CREATE UNLOGGED TABLE gen.brick_row AS
SELECT r AS brick_row, dec, n AS bricks, 1 + sum(n) OVER (ORDER BY r) - n AS first_brick
FROM (
  SELECT r, -90 + 0.25 * r AS dec,
         CASE WHEN r IN (0, 720) THEN 1
              ELSE (2 * ceil(180 * cosd(greatest(0, abs(-90 + 0.25 * r) - 0.125)) / 0.25))::int4 END AS n
  FROM generate_series(0, 720) r
) rows`
