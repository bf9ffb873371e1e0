// The quasar catalogues: iron.qso_cat, bal_qso, civ_absorber and the research group's ard.qso_ard.
// Every row refers to a target of zpix; run after zpix and photometry are loaded.
import { gauss, hash, part } from './noise.ts'
import { tileBase } from './observing.ts'
import { columns, type TableSpec } from './table-spec.ts'

const copies = (names: string[], line: (name: string) => string): string => names.map(line).join('\n')
/** gen.quasar: good main dark quasars with position and noise; the base of the four catalogues below. */
export const quasarSql = `
CREATE UNLOGGED TABLE gen.quasar AS
SELECT z.*, p.ra, p.dec, p.ebv, p.flux_g, p.flux_r, p.flux_z, p.flux_w1, p.flux_w2, p.maskbits,
       ${part('h.a', 0)} AS u1, ${part('h.a', 1)} AS u2, ${part('h.a', 2)} AS u3, ${part('h.a', 3)} AS u4,
       ${gauss('h.b')} AS g1, ${gauss('h.c')} AS g2, ${part('h.b', 0)} AS v1, ${part('h.b', 1)} AS v2,
       (h.c & 1023)::int4 AS draw,
       z.z BETWEEN 1.57 AND 5 AND ${part('h.c', 3)} < 0.18 AS has_trough,
       z.z BETWEEN 1.57 AND 5 AND ${part('h.c', 3)} < 0.042 AS is_bal
FROM iron.zpix z JOIN iron.photometry p USING (targetid),
     LATERAL (SELECT ${hash('z.targetid', 81)} AS a, ${hash('z.targetid', 82)} AS b,
     ${hash('z.targetid', 83)} AS c) h
WHERE z.spectype = 'QSO' AND z.zwarn = 0 AND z.survey = 'main' AND z.program = 'dark' AND z.zcat_primary
    AND p.flux_r > 0
ORDER BY z.healpix, z.targetid`

/** QuasarNET's six lines with the redshift range in which DESI sees them. */
const netLines: [name: string, from: number, to: number][] = [
  ['lya', 1.98, 7.0],
  ['civ', 1.33, 5.3],
  ['ciii', 0.9, 4.1],
  ['mgii', 0.3, 2.5],
  ['hbeta', 0.05, 1.0],
  ['halpha', 0.05, 0.48],
]
const isConfused = 'b.u4 < 0.012'
const netZ = `CASE WHEN ${isConfused} THEN CASE WHEN b.u1 < 0.5 THEN (1 + b.z) * 0.682 - 1
    ELSE (1 + b.z) * 1.807 - 1 END ELSE b.z * (1 + 0.0008 * b.g2) END`

export const qsoCat: TableSpec = {
  schema: 'iron',
  name: 'qso_cat',
  description: 'Quasar catalogue: Redrock with the Mg II and QuasarNET afterburners.',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
z | double precision | | Redshift | b.z
zerr | double precision | | Error of z | b.zerr
zwarn | bigint | | Redshift warning bits | b.zwarn
location | bigint | | Place on the focal plane, petal and device |
    (b.u1 * 9.999)::int4 * 1000 + (b.u2 * 533)::int4
coadd_fiberstatus | integer | | Fibre status bits | b.coadd_fiberstatus
target_ra | double precision | deg | Right ascension | b.ra
target_dec | double precision | deg | Declination | b.dec
ebv | real | mag | Galactic reddening | b.ebv
${copies(['g', 'r', 'z', 'w1', 'w2'], (x) => `flux_${x} | real | nanomaggy | Flux in ${x} | b.flux_${x}`)}
proba_rf | double precision | | Random-forest probability at targeting | 1 - 0.4 * b.u3 * b.u3
maskbits | smallint | | Imaging quality bits | b.maskbits
desi_target | bigint | | Dark-time target bits | b.desi_target
scnd_target | bigint | | Secondary target bits | b.scnd_target
coadd_numexp | smallint | | Exposures in the coadd | b.coadd_numexp
coadd_exptime | real | s | Exposure time | b.coadd_exptime
tsnr2_lya | real | | Squared S/N of the LYA template | b.tsnr2_lya
tsnr2_qso | real | | Squared S/N of the QSO template | b.tsnr2_qso
delta_chi2_mgii | real | | Chi-squared gain of a broad Mg II line |
    CASE WHEN b.z BETWEEN 0.3 AND 2.5 THEN 30 + 200 * b.u2 ELSE 4 * b.u2 END
a_mgii | real | | Mg II amplitude | CASE WHEN b.z BETWEEN 0.3 AND 2.5 THEN b.flux_r * (0.4 + b.u3)
    ELSE 0.05 * b.g1 END
sigma_mgii | real | Angstrom | Mg II width |
    CASE WHEN b.z BETWEEN 0.3 AND 2.5 THEN 22 + 30 * b.u1 ELSE 60 * b.u1 END
b_mgii | real | | Continuum below Mg II | b.flux_r * (1.1 + 0.5 * b.u4)
z_rr | real | | Redshift by Redrock | b.z
z_qn | real | | Redshift by QuasarNET's surest line | ${netZ}
${copies(
  netLines.map(([name]) => name),
  (name) => {
    const [, from, to] = netLines.find(([line]) => line === name) ?? [name, 0, 0]
    return `c_${name} | real | | QuasarNET confidence, ${name} |
        CASE WHEN b.z BETWEEN ${from} AND ${to} THEN 1 - 0.03 * b.u1 * b.u2 ELSE 0.1 * b.u3 * b.u4 END`
  },
)}
${copies(
  netLines.map(([name]) => name),
  (name) => `z_${name} | real | | QuasarNET redshift from ${name} | ${netZ}`,
)}
qso_maskbits | integer | | Which algorithm made it a quasar |
    2 + CASE WHEN b.z BETWEEN 0.3 AND 2.5 THEN 4 ELSE 0 END + CASE WHEN ${isConfused} THEN 16 ELSE 8 END
tileid | bigint | | Tile | ${tileBase.dark} + (b.healpix >> 4)
`),
  primaryKey: ['targetid', 'tileid'],
  indexes: [
    { name: 'ix_qso_cat_z', on: 'z' },
    // With targetid behind it, or a search for pairs would combine it with the key's index for every quasar.
    { name: 'ix_qso_cat_dec', on: 'target_dec, targetid' },
  ],
  sources: ['FROM gen.quasar b ORDER BY b.healpix, b.targetid'],
}

/** A fixed-length array whose first `count` slots are filled, the others -1, as baltools pads them. */
const slots = (length: number, count: string, value: string): string =>
  `ARRAY(SELECT CASE WHEN i <= ${count} THEN ${value} ELSE -1 END FROM generate_series(1, ${length}) i)::real[]`
const troughs = (ion: 'civ' | 'siiv', width: 2000 | 450, length: number): string => {
  const count =
    width === 2000
      ? `(b.is_bal::int4 * (1 + (b.u2 < 0.15)::int4))`
      : `(b.has_trough::int4 * (1 + (b.u3 * 3)::int4))`
  const start = `(600 + 17000 * b.u4 + (i - 1) * 3600)`
  const span = width === 2000 ? '(2100 + 3500 * b.u1)' : '(500 + 2400 * b.u1)'
  const name = ion === 'civ' ? 'C IV' : 'Si IV'
  return `
n${ion}_${width} | integer | | ${name} troughs wider than ${width} km/s | ${count}
vmin_${ion}_${width} | real[] | km/s | Lowest velocity of each trough, -1 padded |
    ${slots(length, count, start)}
vmax_${ion}_${width} | real[] | km/s | Highest velocity of each trough, -1 padded |
    ${slots(length, count, `${start} + ${span}`)}
posmin_${ion}_${width} | real[] | km/s | Velocity of the deepest point, -1 padded |
    ${slots(length, count, `${start} + 0.5 * ${span}`)}
fmin_${ion}_${width} | real[] | | Normalised flux at the deepest point, -1 padded |
    ${slots(length, count, '0.1 + 0.6 * b.u2')}`
}
const indices = (ion: 'civ' | 'siiv', name: string, scale: number): string => `
bi_${ion} | real | km/s | Balnicity index, ${name} |
    CASE WHEN b.is_bal THEN ${scale} * (200 + 3800 * b.u1 * b.u3) ELSE 0 END
err_bi_${ion} | real | km/s | Error of bi_${ion} |
    CASE WHEN b.is_bal THEN 10 + 90 * b.u2 ELSE 0 END${troughs(ion, 2000, 5)}
ai_${ion} | real | km/s | Absorption index, ${name} |
    CASE WHEN b.has_trough THEN ${scale} * (300 + 4200 * b.u1 * b.u4) ELSE 0 END
err_ai_${ion} | real | km/s | Error of ai_${ion} |
    CASE WHEN b.has_trough THEN 8 + 60 * b.u2 ELSE 0 END${troughs(ion, 450, 17)}`

export const balQso: TableSpec = {
  schema: 'iron',
  name: 'bal_qso',
  description: 'Broad-absorption-line measures of quasars at 1.57 < z < 5.',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
z | double precision | | Redshift | b.z
zerr | double precision | | Error of z | b.zerr
zwarn | bigint | | Redshift warning bits | b.zwarn
target_ra | double precision | deg | Right ascension | b.ra
target_dec | double precision | deg | Declination | b.dec
survey | varchar(7) | | Survey phase | b.survey
program | varchar(6) | | Observing programme | b.program
hpxpixel | bigint | | HEALPix pixel | b.healpix
pca_coeffs | real[] | | Five coefficients of the continuum |
    ARRAY[b.flux_r * (1 + b.u1), 0.4 * b.g1, 0.3 * b.g2, 0.2 * b.g1, 0.1 * b.g2]::real[]
pca_chi2 | real | | Quality of the continuum fit | 0.9 + 0.4 * b.u2
bal_prob | real | | BAL probability | CASE WHEN b.is_bal THEN 0.9 + 0.1 * b.u3
    WHEN b.has_trough THEN 0.5 * b.u3 ELSE 0.02 * b.u3 END
${indices('civ', 'C IV', 1)}
${indices('siiv', 'Si IV', 0.4)}
balmask | smallint | | Why the fit was or was not run | 0
snr_civ | double precision | | S/N near C IV | 0.6 + 5 * b.flux_r * (0.7 + 0.6 * b.u1)
z_mask | double precision | | Redshift with the troughs masked |
    b.z * (1 + CASE WHEN b.has_trough THEN 0.0004 * b.g1 ELSE 0 END)
zerr_mask | double precision | | Error of z_mask | b.zerr
`),
  primaryKey: ['targetid'],
  indexes: [{ name: 'ix_bal_bi', on: 'bi_civ' }],
  sources: ['FROM gen.quasar b WHERE b.z BETWEEN 1.57 AND 5 AND b.draw < 400 ORDER BY b.healpix, b.targetid'],
}

/** Rest-frame velocity of the first absorber, km/s towards us; some fall in rather than out. */
const absorberVelocity = `(CASE WHEN b.v1 < 0.15 THEN -200 + 700 * b.u3 ELSE 500 + 42000 * b.u3 * b.u3 END + (n
    - 1) * 2600)`

export const civAbsorber: TableSpec = {
  schema: 'iron',
  name: 'civ_absorber',
  description: 'Narrow C IV doublets in quasar spectra; a quasar may have several.',
  columns: columns(`
targetid | bigint | | Quasar | b.targetid
ra | double precision | deg | Right ascension | b.ra
dec | double precision | deg | Declination | b.dec
z_qso | double precision | | Redshift of the quasar | b.z
zqso_err | double precision | | Error of z_qso | b.zerr
z_abs | double precision | | Redshift of the absorber | b.z_abs
z_abs_err | double precision | | Error of z_abs | 0.00002 + 0.0001 * b.u1
civ_1548_ew | double precision | Angstrom | Rest equivalent width of 1548 | b.ew
civ_1550_ew | double precision | Angstrom | Rest equivalent width of 1550 | b.ew / b.ratio
civ_ew_total | double precision | Angstrom | Both lines | b.ew * (1 + 1 / b.ratio)
civ_1548_ew_error | double precision | Angstrom | Error of the 1548 width | 0.03 + 0.08 * b.u2
civ_1550_ew_error | double precision | Angstrom | Error of the 1550 width | 0.03 + 0.08 * b.u2
civ_ew_total_error | double precision | Angstrom | Error of both | 0.042 + 0.113 * b.u2
gauss_fit | double precision[] | | Amplitude, centre and width of two Gaussians |
    ARRAY[b.ew * 0.4, 1548.204, 0.5 + b.u3, b.ew * 0.4 / b.ratio, 1550.781, 0.5 + b.u3]
gauss_fit_std | double precision[] | | Their errors | ARRAY[0.03, 0.05, 0.05, 0.03, 0.05, 0.05]::float8[]
sn_civ_1548 | double precision | | S/N of 1548 | b.ew / (0.03 + 0.08 * b.u2)
sn_civ_1550 | double precision | | S/N of 1550 | b.ew / b.ratio / (0.03 + 0.08 * b.u2)
civ_1548_vdisp | double precision | km/s | Velocity dispersion of 1548 | 60 + 120 * b.u3
civ_1550_vdisp | double precision | km/s | Velocity dispersion of 1550 | 60 + 120 * b.u3
corrected_n | double precision | | Count corrected for completeness | 1 + 1.5 * exp(-3 * b.ew)
log10n | double precision | log10 cm^-2 | Column density by apparent optical depth |
    14.1 + ln(b.ew) / 2.302585 + 0.3 * b.u1
sig_log10n | double precision | | Its error | 0.03 + 0.15 * b.u2
saturation | bigint | | 1 when saturated | CASE WHEN b.ratio < 1.15 THEN 1 ELSE 0 END
fn | bigint | | Which method gave the column density, -1 for none |
    CASE WHEN b.u4 < 0.02 THEN -1 ELSE 1 + (b.u4 * 5)::int4 END
meansnr | double precision | | Mean S/N of the quasar | 0.6 + 4 * b.flux_r
survey | varchar(32) | | Survey phase | b.survey
program | varchar(32) | | Observing programme | b.program
hpxpixel | bigint | | HEALPix pixel | b.healpix
tsnr2_lrg | real | | Squared S/N of the LRG template | b.tsnr2_lrg
efftime | real | s | 12.15 times tsnr2_lrg | 12.15 * b.tsnr2_lrg
`),
  primaryKey: ['targetid', 'z_abs'],
  indexes: [],
  sources: [
    `FROM (
  SELECT b.*, (1 + b.z) * (1 - ${absorberVelocity} / 299792.458) - 1 AS z_abs, 0.15 + 1.6 * b.u1 * b.v2 AS ew,
  1.05 + 0.95 * b.u4 AS ratio
  FROM gen.quasar b, generate_series(1, 1 + (b.v2 < 0.22)::int4 + (b.v2 < 0.05)::int4) n
  WHERE b.z BETWEEN 1.6 AND 4.9 AND b.draw % 4 = 1
) b ORDER BY b.healpix, b.targetid, b.z_abs`,
  ],
}

const latent = Array.from(
  { length: 16 },
  (_, index) =>
    `(${part(`hashint8extended(b.targetid, ${300 + index})`, 0)} - 0.5) * ${(3 / (1 + index / 5)).toFixed(3)}`,
)

export const qsoArd: TableSpec = {
  schema: 'ard',
  name: 'qso_ard',
  description:
    'Analysis-ready quasars: black holes, absorption and the anomaly search. A more negative anomaly_score is more unusual.',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
ra | double precision | deg | Right ascension | b.ra
dec | double precision | deg | Declination | b.dec
z_helio | real | | Pipeline redshift | b.z
z_sys | real | | Systemic redshift | b.z + 0.0006 * b.g1 * (1 + b.z)
zwarn | integer | | Redshift warning bits | b.zwarn
deltachi2 | real | | Chi-squared gap | b.deltachi2
spectype | text | | Spectral class | b.spectype
log_mbh | real | log10 Msun | Virial black-hole mass | 8.6 + 0.45 * b.g2 + 0.35 * ln(1 + b.flux_r)
l_bol | real | log10 erg/s | Bolometric luminosity; as a logarithm, since real ends at 3e38 |
    45.4 + 0.25 * b.g1 + 0.43 * ln(1 + b.flux_r) + 0.5 * ln(b.z)
bal_prob | real | | BAL probability | CASE WHEN b.is_bal THEN 0.9 + 0.1 * b.u3
    WHEN b.has_trough THEN 0.5 * b.u3 ELSE 0.02 * b.u3 END
ai_index | real | km/s | Absorption index | CASE WHEN b.has_trough THEN 300 + 4200 * b.u1 * b.u4 ELSE 0 END
bi_index | real | km/s | Balnicity index | CASE WHEN b.is_bal THEN 200 + 3800 * b.u1 * b.u3 ELSE 0 END
civ_nc | real | log10 cm^-2 | C IV column density | 13.4 + 1.4 * b.u2
civ_ew | real | Angstrom | C IV equivalent width | 0.1 + 1.4 * b.u2 * b.v1
civ_vabs | real | km/s | C IV absorption velocity | -12000 * b.u3 * b.u3
mgii_nc | real | log10 cm^-2 | Mg II column density | 12.6 + 1.3 * b.v2
mgii_ew | real | Angstrom | Mg II equivalent width | 0.1 + 1.1 * b.v2 * b.u1
v_out_civ | real | km/s | Outflow velocity c (z_sys - z_abs) / (1 + z_sys) | 12000 * b.u3 * b.u3
latent_vec | real[] | | Sixteen latent numbers of a spectral autoencoder | ARRAY[${latent.join(', ')}]::real[]
recon_mse | real | | Reconstruction error | b.odd * exp(0.4 * b.g1) / (0.4 + b.flux_r)
anomaly_score | real | | Isolation-forest score | 0.12 + 0.02 * b.g2 - 0.09 * ln(b.odd + 1)
`),
  primaryKey: ['targetid'],
  indexes: [{ name: 'ix_qso_ard_recon_mse', on: 'recon_mse' }],
  sources: [
    `FROM (SELECT q.*, CASE WHEN q.is_bal THEN 1.6 WHEN (${hash('q.targetid', 84)} & 1023) < 2 THEN 9
    ELSE 0.4 END AS odd
  FROM gen.quasar q WHERE q.draw >= 700) b ORDER BY b.healpix, b.targetid`,
  ],
}
