// Stellar masses, star formation and emission lines of the demo's galaxies and quasars as SQL, computed once for
// gen.fitted and read by iron.fastspecfit and by the slim copy in desi_void_fastspecfit, so that both agree.
import { gauss, hash, part } from './noise.ts'
import { kinds } from './targets.ts'

/** Comoving distance in Mpc/h for Om = 0.315, series in z; within 1 % up to z = 0.6, which is all its users need. */
export const nearbyDistance = (z: string): string => `(2997.92458 * ${z} * (1 - 0.23625 * ${z}))`
/** The inverse: redshift at a comoving distance in Mpc/h. */
export const nearbyRedshift = (r: string): string =>
  `(${r} / 2997.92458 * (1 + ${r} / 2997.92458 * (0.23625 + 0.111628 * ${r} / 2997.92458)))`

/**
 * gen.fitted: the main-survey targets with a spectral fit. `brightShare` and `darkShare` (of 1024) say how many of
 * the bright-time galaxies and of the dark-time galaxies and quasars the iron table keeps (`is_kept`).
 * Red and blue galaxies are told apart by the same hash as in photometry: colour and 4000 Å break agree.
 */
export const fittedSql = (brightShare: number, darkShare: number): string => `
CREATE UNLOGGED TABLE gen.fitted AS
WITH picked AS (
  SELECT r.*, ${hash('r.t', 50)} AS hc, ${hash('r.t', 60)} AS h1, ${hash('r.t', 61)} AS h2,
  ${hash('r.t', 62)} AS h3,
         ${hash('r.t', 63)} AS h4
  FROM (SELECT * FROM gen.target_a UNION ALL SELECT * FROM gen.target_b) r
  WHERE r.surv = 6 AND NOT r.is_bad AND r.z > 0.001 AND r.cls < 2 AND r.has_imaging OFFSET 0
), drawn AS (
  SELECT s.*, ${part('s.hc', 0)} < 0.48 AS is_red, ${part('s.h1', 0)} AS u1, ${part('s.h1', 1)} AS u2,
  ${part('s.h1', 2)} AS u3,
         ${part('s.h1', 3)} AS u4, ${gauss('s.h2')} AS g1, ${gauss('s.h3')} AS g2, ${gauss('s.h4')} AS g3,
         (s.h2 & 1023) < CASE WHEN s.kind = ${kinds.bgs} THEN ${brightShare} ELSE ${darkShare} END AS is_kept
  FROM picked s WHERE s.kind = ${kinds.bgs} OR (s.h2 & 1023) < ${darkShare} OFFSET 0
), massed AS (
  SELECT s.*, s.u4 > 0.984 AS is_outlier,
    CASE WHEN s.u4 > 0.992 THEN 15.6 - 27.7 * s.u1
         WHEN s.kind = ${kinds.bgs} THEN 10.4 + 0.7 * (0.61 * greatest(-2, least(2.4, (s.z - 0.24) / 0.11))
         + 0.79 * s.g1) + CASE WHEN s.is_red THEN 0.15 ELSE -0.15 END
         WHEN s.kind = ${kinds.lrg} THEN 11.2 + 0.22 * s.g1 ELSE 10 + 0.5 * s.g1 END AS logmstar,
    CASE WHEN s.kind = ${kinds.lrg} OR s.is_red AND s.kind = ${kinds.bgs} THEN -11.8 + 0.35 * s.g2
    ELSE -10 + 0.3 * s.g2 END AS ssfr,
    CASE WHEN s.cls = 1 THEN 1.02 + 0.05 * s.g3 WHEN s.u4 BETWEEN 0.984 AND 0.986 THEN 6.5 * s.u1 - 0.8
         WHEN s.kind = ${kinds.lrg} OR s.is_red AND s.kind = ${kinds.bgs} THEN 1.75 + 0.12 * s.g3
         ELSE 1.25 + 0.12 * s.g3 END AS dn4000,
    s.cls = 0 AND s.u2 < 0.09 AS is_agn, exp(0.921034 * (22.5 - s.rmag)) AS f_r
  FROM drawn s OFFSET 0
), formed AS (
  SELECT s.*, CASE WHEN s.u4 BETWEEN 0.984 AND 0.9845 THEN 76710 * s.u1 ELSE exp(2.302585 * least(3.2,
  s.logmstar + s.ssfr)) END AS sfr,
    s.f_r * CASE WHEN s.cls = 1 THEN 0.4 WHEN s.is_agn THEN 2.5 ELSE 4.2 * exp(1.9 * (s.ssfr + 10)) END
    * exp(0.25 * s.g3) AS ha,
    CASE WHEN s.is_agn OR s.cls = 1 THEN 0.02 + 0.14 * s.g1 ELSE least(-0.12, -0.46 + 0.3 * (least(11.5,
    s.logmstar) - 10.3) + 0.09 * s.g2) END AS n2,
    CASE WHEN s.is_agn OR s.cls = 1 THEN 0.62 + 0.22 * s.g2 ELSE 0 END AS o3_agn
  FROM massed s OFFSET 0
)
SELECT s.*, s.ha / (2.86 * (1.03 + 0.75 * s.u3 * CASE WHEN s.is_red THEN 1 ELSE 0.7 END)) AS hb,
       CASE WHEN s.is_agn OR s.cls = 1 THEN s.o3_agn ELSE 0.61 / (s.n2 - 0.08) + 1.05 + 0.1 * s.g3 END AS o3,
       70 + 60 * s.u2 + CASE WHEN s.is_agn OR s.cls = 1 THEN 140 + 160 * s.u1 ELSE 0 END AS sigma,
       CASE WHEN s.is_agn OR s.cls = 1 THEN -90 + 90 * s.g1 ELSE 12 * s.g1 END AS shift,
       s.rmag - 5 * ln(greatest(1, ${nearbyDistance('s.z')} * (1 + s.z))) / 2.302585 - 25
         - CASE WHEN s.is_red THEN 1.1 ELSE 0.5 END * (s.z - 0.1) AS absmag_r
FROM formed s`
