// iron.zpix: the redshift catalogue, 99 columns in the official DR1 layout, one row per target, survey and
// programme. Values follow from gen.target_*; missing floating-point values are -9999 as specprod-db loads them.
import { gauss, hash, part } from './noise.ts'
import { columns, type ColumnSpec, type TableSpec } from './table-spec.ts'
import { kinds } from './targets.ts'

const { bgs, lrg, elg, qso, mws, backup, standard } = kinds
const isMain = 'b.surv IN (2, 6)'

/** Target bits of one survey definition: set for its own rows, 0 elsewhere. */
const targetColumns = (prefix: string, phase: string, applies: string): string => `
${prefix}desi_target | bigint | | Dark-time and calibration target bits, ${phase} definitions |
    CASE WHEN ${applies} THEN b.desi_bits ELSE 0 END
${prefix}bgs_target | bigint | | Bright galaxy target bits, ${phase} definitions |
    CASE WHEN ${applies} AND b.kind = ${bgs} THEN b.bgs_bits ELSE 0 END
${prefix}mws_target | bigint | | Milky Way target bits, ${phase} definitions |
    CASE WHEN ${applies} AND b.kind >= ${mws} THEN b.mws_bits ELSE 0 END
${prefix}scnd_target | bigint | | Secondary programme target bits, ${phase} definitions |
    CASE WHEN ${applies} THEN b.scnd_bits ELSE 0 END`

/** Squared template S/N per second of effective time, in the b, r and z arm. */
const templateSignal: [name: string, b: number, r: number, z: number][] = [
  ['gpbdark', 0.062, 0.041, 0.033],
  ['elg', 0.0019, 0.0134, 0.1009],
  ['gpbbright', 0.0115, 0.0084, 0.0069],
  ['lya', 0.0607, 0.00002, 0.000001],
  ['bgs', 0.74, 2.71, 3.69],
  ['gpbbackup', 0.0031, 0.0024, 0.0021],
  ['qso', 0.0092, 0.0118, 0.0109],
  ['lrg', 0.0011, 0.0317, 0.0495],
]
const armNames = { b: 'blue arm', r: 'red arm', z: 'near-infrared arm' } as const

function signalColumns(): ColumnSpec[] {
  const lines: string[] = []
  for (const arm of ['b', 'r', 'z'] as const) {
    for (const [name, b, r, z] of templateSignal) {
      const slope = { b, r, z }[arm]
      lines.push(
        `tsnr2_${name}_${arm} | real | | Squared S/N of the ${name.toUpperCase()} template, ${armNames[arm]} |
            ${slope} * b.eff_${arm}`,
      )
    }
  }
  for (const [name, b, r, z] of templateSignal) {
    lines.push(
      `tsnr2_${name} | real | | Squared S/N of the ${name.toUpperCase()} template, arms added |
          ${b} * b.eff_b + ${r} * b.eff_r + ${z} * b.eff_z`,
    )
  }
  return columns(lines.join('\n'))
}

const coefficients = Array.from({ length: 10 }, (_, index) => {
  const scale = [1, 0.42, -0.31, 0.22, -0.17, 0.13, 0.1, -0.08, 0.06, 0.05][index]
  const shape = `b.amp * ${scale} * (b.u${(index % 4) + 1} - ${index === 0 ? '-0.4' : '0.35'})`
  const value = index < 4 ? shape : `CASE WHEN b.ncoeff > ${index} THEN ${shape} ELSE 0 END`
  return `coeff_${index} | double precision | | Template coefficient ${index}; padding from ncoeff on |
      ${value}`
}).join('\n')

const identity = columns(`
id | numeric(39) | | Row key: programme and survey codes above the 64 bits of TARGETID | b.id_base + b.targetid
targetid | bigint | | DESI target identifier, joins every catalogue | b.targetid
desiname | varchar(22) | | Name from the target position, DESI Jxxx.xxxx+yy.yyyy |
    'DESI J' || substr(b.ra_text, 2, 3) || '.' || substr(b.ra_text, 5) || CASE WHEN b.dec < 0 THEN '-'
    ELSE '+' END || substr(b.dec_text, 2, 2) || '.' || substr(b.dec_text, 4)
survey | varchar(7) | | Survey phase: cmx, sv1, sv2, sv3, special, main | b.survey
program | varchar(6) | | Observing programme: dark, bright, backup, other | b.program
spgrp | varchar(10) | | What the coadd groups by; always healpix here | 'healpix'
spgrpval | integer | | Value of that grouping: the pixel | b.hpx
healpix | integer | | HEALPix pixel, nside 64, nested | b.hpx
z | double precision | | Redshift of the best fit (Redrock) | b.z
zerr | double precision | | Statistical error of z | b.zerr
zwarn | bigint | | Redshift warning bits; 0 is good | b.zwarn
chi2 | double precision | | Chi-squared of the best fit | b.npix * (1 + 0.022 * b.g2) + 1.6 * sqrt(b.dchi2)
${coefficients}
npixels | bigint | | Pixels used in the fit | b.npix
spectype | varchar(6) | | Spectral class: GALAXY, QSO or STAR |
    CASE b.cls WHEN 0 THEN 'GALAXY' WHEN 1 THEN 'QSO' ELSE 'STAR' END
subtype | varchar(20) | | Template subtype; empty for galaxies |
    CASE b.cls WHEN 0 THEN '' WHEN 1 THEN CASE WHEN b.z < 1.6 THEN 'LOZ' ELSE 'HIZ' END ELSE CASE
    WHEN b.u1 < 0.006 THEN 'CV' WHEN b.u1 < 0.028 THEN 'WD' WHEN b.u1 < 0.035 THEN 'B'
    WHEN b.u1 < 0.07 THEN 'A' WHEN b.u1 < 0.36 THEN 'F' WHEN b.u1 < 0.64 THEN 'G' WHEN b.u1 < 0.85 THEN 'K'
    ELSE 'M' END END
ncoeff | bigint | | Template coefficients in use | b.ncoeff
deltachi2 | double precision | | Chi-squared gap to the second-best fit | b.dchi2
coadd_fiberstatus | integer | | Fibre status bits of every coadded exposure; 0 is clean |
    CASE WHEN b.u2 < 0.972 THEN 0 WHEN b.u2 < 0.988 THEN 8 WHEN b.u2 < 0.993 THEN 512
    WHEN b.u2 < 0.996 THEN 65536 WHEN b.u2 < 0.998 THEN 1024 ELSE 8388608 END
`)

const targeting = columns(`
cmx_target | bigint | | Commissioning target bits | CASE WHEN b.surv = 1 THEN 1 << b.kind ELSE 0 END
${targetColumns('', 'main-survey', isMain)}
${targetColumns('sv1_', 'SV1', 'b.surv = 3')}
${targetColumns('sv2_', 'SV2', 'b.surv = 4')}
${targetColumns('sv3_', 'SV3', 'b.surv = 5')}
`)

const coadd = columns(`
coadd_numexp | smallint | | Exposures in the coadd | b.nexp
coadd_exptime | real | s | Open-shutter time in the coadd | b.efftime * b.nexp * (1.05 + 0.5 * b.u3)
coadd_numnight | smallint | | Nights in the coadd | CASE WHEN b.u4 < 0.6 THEN 1 ELSE b.nexp END
coadd_numtile | smallint | | Tiles in the coadd | CASE WHEN b.u4 < 0.75 THEN 1 ELSE b.nexp END
mean_delta_x | real | mm | Mean x offset of the fibre from its planned place | 0.003 * b.g1
rms_delta_x | real | mm | Scatter of the x offset | 0.002 + 0.006 * b.u1
mean_delta_y | real | mm | Mean y offset of the fibre from its planned place | 0.003 * b.g2
rms_delta_y | real | mm | Scatter of the y offset | 0.002 + 0.006 * b.u2
mean_fiber_ra | double precision | deg | Mean right ascension the fibre saw | b.ra + 0.000012 * b.g1
std_fiber_ra | real | arcsec | Scatter of that right ascension | 0.05 + 0.2 * b.u3
mean_fiber_dec | double precision | deg | Mean declination the fibre saw | b.dec + 0.000012 * b.g2
std_fiber_dec | real | arcsec | Scatter of that declination | 0.05 + 0.2 * b.u4
mean_psf_to_fiber_specflux | real | | Mean share of a point source's light in the fibre | 0.79 - 0.02 * b.u1
`)

const primaries = columns(`
sv_nspec | smallint | | Coadds of the target in survey validation | b.sv_nspec
sv_primary | boolean | | The preferred coadd within survey validation | b.surv BETWEEN 3 AND 5
main_nspec | smallint | | Coadds of the target in the main survey | b.main_nspec
main_primary | boolean | | The preferred coadd within the main survey | b.surv = 6
zcat_nspec | smallint | | Coadds of the target in the whole catalogue | b.nspec
zcat_primary | boolean | | The one preferred coadd of the target | b.is_primary
min_mjd | double precision | d | First exposure, modified Julian date | b.mjd
mean_mjd | double precision | d | Mean exposure date |
    CASE WHEN b.nexp = 1 THEN b.mjd ELSE b.mjd + b.span / 2 END
max_mjd | double precision | d | Last exposure date | CASE WHEN b.nexp = 1 THEN b.mjd ELSE b.mjd + b.span END
`)

/** DESI_TARGET bits by kind; north and south imaging have their own variants. */
const desiBits = `CASE s.kind
    WHEN ${bgs} THEN 1::int8 << 60
    WHEN ${lrg} THEN 1 + CASE WHEN s.is_north THEN 256 ELSE 65536 END
    WHEN ${elg} THEN 2 + CASE WHEN s.u3 < 0.72 THEN CASE WHEN s.is_north THEN 32 + 512 + 2048
    ELSE 32 + 131072 + 524288 END
                              ELSE CASE WHEN s.is_north THEN 128 + 512 + 4096
                              ELSE 128 + 131072 + 1048576 END END
                  + CASE WHEN s.u4 < 0.1 THEN 64 ELSE 0 END
    WHEN ${qso} THEN 4 + CASE WHEN s.is_north THEN 1024 ELSE 262144 END + CASE WHEN s.cls = 1 AND s.z > 2.1
    AND s.u3 < 0.3 THEN 16 ELSE 0 END
    WHEN ${mws} THEN 1::int8 << 61
    WHEN ${backup} THEN 1::int8 << 61
    ELSE (1::int8 << 61) + CASE WHEN s.u3 < 0.9 THEN 1::int8 << 33 ELSE 1::int8 << 35 END END
  + CASE WHEN s.u2 < 0.02 THEN 1::int8 << 62 ELSE 0 END`
const bgsBits = `CASE WHEN s.rmag < 19.5 THEN CASE WHEN s.is_north THEN 2 + 512 ELSE 2 + 131072 END
                      ELSE CASE WHEN s.is_north THEN 1 + 256 ELSE 1 + 65536 END + CASE WHEN s.u4 < 0.2 THEN 8
                      ELSE 0 END END`
const mwsBits = `CASE WHEN s.kind = ${backup} THEN CASE WHEN s.rmag < 14 THEN 1::int8 << 60
    ELSE 1::int8 << 61 END
                      WHEN s.u1 < 0.028 THEN 3 WHEN s.u1 < 0.035 THEN 65 WHEN s.u1 < 0.6 THEN 257
                      WHEN s.u1 < 0.9 THEN 2049 ELSE 5 END`
const warning = `CASE WHEN NOT s.is_bad THEN 0 WHEN s.u4 < 0.86 THEN 4 WHEN s.u4 < 0.90 THEN 36
    WHEN s.u4 < 0.93 THEN 6
                      WHEN s.u4 < 0.95 THEN 16 WHEN s.u4 < 0.965 THEN 32 WHEN s.u4 < 0.975 THEN 1028
                      WHEN s.u4 < 0.985 THEN 8
                      WHEN s.u4 < 0.993 THEN 2048 ELSE 514 END`
const gap = `CASE WHEN s.is_bad THEN 0.02 + 8.9 * s.u3 ELSE greatest(9.6, exp(2.302585 * (s.g1 *
    CASE s.kind WHEN ${bgs} THEN 0.55 WHEN ${lrg} THEN 0.5 WHEN ${elg} THEN 0.4 ELSE 0.6 END
    + CASE s.kind WHEN ${bgs} THEN 2.9 WHEN ${lrg} THEN 2.5 WHEN ${elg} THEN 1.9 WHEN ${qso} THEN 2.9
    ELSE 3.4 END))) END`

/** FROM clause of one part; a repeat is the same target coadded in the other of main survey and SV3. */
function source(table: 'target_a' | 'target_b' | 'repeats'): string {
  const isRepeat = table === 'repeats'
  const targets = isRepeat
    ? `(SELECT r.t, r.targetid, r.hpx, r.ra, r.dec, r.is_north, r.kind, r.cls, r.is_bad, r.prog, r.z, r.rmag,
    r.nspec,
          CASE WHEN r.surv = 6 THEN 5 ELSE 6 END AS surv, r.surv AS other
        FROM (SELECT * FROM gen.target_a UNION ALL SELECT * FROM gen.target_b) r WHERE r.nspec = 2 OFFSET 0)`
    : `(SELECT r.*, CASE WHEN r.nspec = 1 THEN 0 WHEN r.surv = 6 THEN 5 ELSE 6 END AS other
    FROM gen.${table} r OFFSET 0)`
  const salt = isRepeat ? 40 : 30
  return `FROM (
  SELECT s.*, ${desiBits} AS desi_bits, ${bgsBits} AS bgs_bits, ${mwsBits} AS mws_bits,
    CASE WHEN s.u2 >= 0.02 THEN 0 WHEN s.u1 < 0.3 THEN 2048 WHEN s.u1 < 0.5 THEN 1::int8 << 34
    WHEN s.u1 < 0.8 THEN 1::int8 << 35
         ELSE 1::int8 << 36 END AS scnd_bits,
    ${warning} AS zwarn, ${gap} AS dchi2, 7930 - (s.u1 * 120)::int4 AS npix,
    exp(2.302585 * (CASE s.cls WHEN 0 THEN -4.5 + 0.25 * s.g3 WHEN 1 THEN -3.35 + 0.2 * s.g3
    ELSE -5 + 0.2 * s.g3 END)) AS zerr,
    exp(0.921 * (22.5 - s.rmag)) * 4 AS amp, CASE s.cls WHEN 0 THEN 10 WHEN 1 THEN 4 ELSE 5 END AS ncoeff,
    s.efftime * s.nexp * (0.85 + 0.3 * s.u1) AS eff_b, s.efftime * s.nexp * (0.88 + 0.24 * s.u2) AS eff_r,
    s.efftime * s.nexp * (0.9 + 0.2 * s.u3) AS eff_z, (s.surv = 6)::int4 + (s.other = 6)::int4 AS main_nspec,
    (s.surv BETWEEN 3 AND 5)::int4 + (s.other BETWEEN 3 AND 5)::int4 AS sv_nspec, ${!isRepeat} AS is_primary
  FROM (
    SELECT t.t, t.targetid, t.hpx, t.ra, t.dec, t.is_north, t.kind, t.cls, t.is_bad, t.surv, t.other, t.nspec,
    t.rmag,
      ${isRepeat ? `t.z + (1 + t.z) * 0.00006 * ${gauss('t.h2')}` : 't.z'} AS z,
      c.survey, c.program, c.id_base, c.efftime,
      c.first_mjd + floor(c.days * ${part('t.hn', 0)}) + 0.12 + 0.38 * ${part('t.hn', 1)} AS mjd,
      1 + floor(20 * ${part('t.hn', 2)}) AS span,
      ${part('t.h1', 0)} AS u1, ${part('t.h1', 1)} AS u2, ${part('t.h1', 2)} AS u3, ${part('t.h1', 3)} AS u4,
      ${gauss('t.h1')} AS g1, ${gauss('t.h2')} AS g2, ${gauss('t.h3')} AS g3,
      (10000000 + floor(t.ra * 10000)::int4)::text AS ra_text, (1000000 + floor(abs(t.dec)
      * 10000)::int4)::text AS dec_text,
      CASE WHEN t.kind IN (${elg}, ${lrg}, ${bgs}) THEN 1 + ((t.h2 & 15) > 11)::int4
      WHEN t.kind = ${qso} THEN 1 + (t.h2 & 3)::int4
           WHEN t.kind = ${standard} THEN 1 + (t.h2 & 7)::int4 ELSE 1 END AS nexp
    FROM (SELECT r.*, ${hash('r.t', salt)} AS h1, ${hash('r.t', salt + 1)} AS h2,
    ${hash('r.t', salt + 2)} AS h3,
                 ${hash('r.hpx >> 1', salt + 3)} AS hn FROM ${targets} r OFFSET 0) t
    JOIN gen.coadd c ON c.surv = t.surv AND c.prog = t.prog
    OFFSET 0
  ) s OFFSET 0
) b`
}

const indexed = [
  'targetid',
  'desiname',
  'survey',
  'program',
  'spgrp',
  'spgrpval',
  'healpix',
  'z',
  'zwarn',
  'spectype',
  'subtype',
]

export const zpix: TableSpec = {
  schema: 'iron',
  name: 'zpix',
  description:
    'Redshifts and classes of the HEALPix coadds: one row per target, survey and programme. Positions are in photometry.',
  columns: [...identity, ...targeting, ...coadd, ...signalColumns(), ...primaries],
  primaryKey: ['id'],
  indexes: [
    ...indexed.map((on) => ({ name: `ix_zpix_${on}`, on })),
    { name: 'ix_zpix_unique', on: 'targetid, survey, program', isUnique: true },
  ],
  sources: [source('target_a'), source('target_b'), source('repeats')],
}
