// iron.photometry: imaging fluxes and Gaia astrometry of every target, 95 columns in the official layout, one row
// per TARGETID. Targets without imaging (Gaia-only backup stars and a few others) hold -9999 in every float.
import { gauss, hash, part } from './noise.ts'
import { columns, type TableSpec } from './table-spec.ts'
import { kinds } from './targets.ts'

const { bgs, lrg, elg } = kinds
const orMissing = (expression: string): string => `CASE WHEN b.has_imaging THEN ${expression} ELSE -9999 END`

const opticalBands = ['g', 'r', 'z'] as const
const infraredBands = ['w1', 'w2', 'w3', 'w4'] as const
type Band = (typeof opticalBands)[number] | (typeof infraredBands)[number]
/** Extinction per unit of E(B-V), in magnitudes, as the Legacy Surveys publish it. */
const extinction: Record<Band, number> = {
  g: 3.214,
  r: 2.165,
  z: 1.211,
  w1: 0.184,
  w2: 0.113,
  w3: 0.0241,
  w4: 0.0091,
}
/** Typical inverse variance of a point source's flux, in nanomaggy^-2. */
const depth: Record<Band, number> = { g: 1300, r: 720, z: 170, w1: 2.6, w2: 0.55, w3: 0.0016, w4: 0.00003 }
const label = (band: Band): string => (band.startsWith('w') ? `WISE ${band.toUpperCase()}` : `${band} band`)

const transmission = (band: Band): string => `exp(${(-0.921034 * extinction[band]).toFixed(6)} * b.ebv)`
const lines = (bands: readonly Band[], line: (band: Band) => string): string => bands.map(line).join('\n')
const inverseVariance = (band: Band): string =>
  `1 / (${(1 / depth[band]).toPrecision(6)} * (0.8 + 0.4 * b.u2) + 0.000004 * b.f_${band} * b.f_${band})`

const source = columns(
  `
ls_id | bigint | | Legacy Surveys id: release, brick and object packed |
    CASE WHEN b.has_imaging THEN (b.release::int8 << 40) + (b.brickid::int8 << 16) + (b.objid & 65535)
    ELSE 0 END
release | smallint | | Imaging release | CASE WHEN b.has_imaging THEN b.release ELSE 0 END
brickid | integer | | Brick number | b.brickid
brickname | varchar(8) | | Brick name from its centre |
    lpad(floor(b.brick_ra * 10)::text, 4, '0') || CASE WHEN b.brick_row < 360 THEN 'm'
    ELSE 'p' END || lpad((abs(b.brick_row - 360) * 5 / 2)::text, 3, '0')
brick_objid | integer | | Object number in the brick | b.objid
morphtype | varchar(4) | | Best model: PSF, REX, EXP, DEV or SER |
    CASE WHEN NOT b.has_imaging THEN '' ELSE b.morph END
ra | double precision | deg | Right ascension (ICRS) | b.ra
ra_ivar | real | deg^-2 | Inverse variance of ra | ? 1e13 * (0.2 + b.u1) * least(400, 1 + b.f_r)
dec | double precision | deg | Declination (ICRS) | b.dec
dec_ivar | real | deg^-2 | Inverse variance of dec | ? 1e13 * (0.2 + b.u1) * least(400, 1 + b.f_r)
dchisq_psf | real | | Chi-squared gain of the PSF model over nothing | ? b.chi
dchisq_rex | real | | Chi-squared gain of the REX model |
    ? CASE WHEN b.morph = 'PSF' THEN b.chi * 0.99 ELSE b.chi * (1.03 + 0.1 * b.u1) END
dchisq_dev | real | | Chi-squared gain of the DEV model |
    ? CASE WHEN b.morph IN ('PSF', 'REX') THEN 0 ELSE b.chi * (1.05 + 0.12 * b.u1) END
dchisq_exp | real | | Chi-squared gain of the EXP model |
    ? CASE WHEN b.morph IN ('PSF', 'REX') THEN 0 ELSE b.chi * (1.05 + 0.11 * b.u1) END
dchisq_ser | real | | Chi-squared gain of the SER model |
    ? CASE WHEN b.morph = 'SER' THEN b.chi * (1.06 + 0.12 * b.u1) ELSE 0 END
ebv | real | mag | Galactic reddening E(B-V) | b.ebv
${lines(
  opticalBands,
  (x) => `flux_${x} | real | nanomaggy | Model flux, ${label(x)}, not dust corrected |
    ? b.f_${x}`,
)}
${lines(
  opticalBands,
  (x) => `flux_ivar_${x} | real | nanomaggy^-2 | Inverse variance of flux_${x} |
    ? ${inverseVariance(x)}`,
)}
${lines(opticalBands, (x) => `mw_transmission_${x} | real | | Galactic dust transmission, ${label(x)}; divide the flux by it | ? ${transmission(x)}`)}
${lines(
  opticalBands,
  (x) => `fracflux_${x} | real | | Neighbours' flux over own flux, ${label(x)} |
    ? 0.00001 + 0.06 * b.u3 * b.u3 * b.u3 * b.u4`,
)}
${lines(
  opticalBands,
  (x) => `fracmasked_${x} | real | | Masked share, ${label(x)} |
    ? 0.00001 + CASE WHEN b.u4 > 0.93 THEN 0.1 * b.u1 ELSE 0 END`,
)}
${lines(
  opticalBands,
  (x) => `fracin_${x} | real | | Profile share in the fitted blob, ${label(x)} |
    ? 1 - 0.06 * b.u2 * b.u1`,
)}
${lines(
  opticalBands,
  (x) => `nobs_${x} | smallint | | Images at the position, ${label(x)} |
    CASE WHEN b.has_imaging THEN ${x === 'z' ? 4 : 2} + (b.u${x === 'g' ? 1 : 2} * 4)::int4 ELSE 0 END`,
)}
${lines(
  opticalBands,
  (x) => `psfdepth_${x} | real | nanomaggy^-2 | Point-source depth, ${label(x)} |
    ? ${depth[x]} * (0.8 + 0.5 * b.u3)`,
)}
${lines(
  opticalBands,
  (x) => `galdepth_${x} | real | nanomaggy^-2 | Galaxy depth, ${label(x)} |
    ? ${depth[x] * 0.72} * (0.8 + 0.5 * b.u3)`,
)}
${lines(infraredBands, (x) => `flux_${x} | real | nanomaggy | Model flux, ${label(x)}, not dust corrected | ? b.f_${x}`)}
${lines(
  infraredBands,
  (x) => `flux_ivar_${x} | real | nanomaggy^-2 | Inverse variance of flux_${x} |
    ? ${inverseVariance(x)}`,
)}
${lines(infraredBands, (x) => `mw_transmission_${x} | real | | Galactic dust transmission, ${label(x)} | ? ${transmission(x)}`)}
${lines(
  opticalBands,
  (x) => `allmask_${x} | smallint | | Bits set in every image, ${label(x)} |
    CASE WHEN b.has_imaging AND b.u4 > 0.985 THEN 2 ELSE 0 END`,
)}
${lines(
  opticalBands,
  (x) => `fiberflux_${x} | real | nanomaggy | Own flux in a 1.5 arcsec fibre, ${label(x)} |
    ? b.f_${x} * b.in_fibre`,
)}
${lines(opticalBands, (x) => `fibertotflux_${x} | real | nanomaggy | All flux in a 1.5 arcsec fibre, ${label(x)} | ? b.f_${x} * b.in_fibre * (1 + 0.04 * b.u3 * b.u3)`)}
`,
  orMissing,
)

const shape = columns(
  `
ref_epoch | real | yr | Epoch of the reference astrometry | CASE WHEN b.has_gaia THEN 2015.5 ELSE 0 END
wisemask_w1 | smallint | | WISE W1 quality bits | CASE WHEN b.u1 > 0.98 THEN 1 ELSE 0 END
wisemask_w2 | smallint | | WISE W2 quality bits | CASE WHEN b.u1 > 0.985 THEN 1 ELSE 0 END
maskbits | smallint | | Imaging quality bits at the place |
    CASE WHEN b.u4 > 0.985 THEN 32 WHEN b.u4 > 0.97 THEN 2048 ELSE 0 END
shape_r | real | arcsec | Half-light radius of the galaxy model | ? b.radius
shape_e1 | real | | First ellipticity component |
    ? CASE WHEN b.radius = 0 OR b.morph = 'REX' THEN 0 ELSE 0.14 * b.g1 END
shape_e2 | real | | Second ellipticity component |
    ? CASE WHEN b.radius = 0 OR b.morph = 'REX' THEN 0 ELSE 0.14 * b.g2 END
shape_r_ivar | real | arcsec^-2 | Inverse variance of shape_r |
    ? CASE WHEN b.radius = 0 THEN 0 ELSE 40 * least(1000, b.f_r * b.f_r) + 10 END
shape_e1_ivar | real | | Inverse variance of shape_e1 |
    ? CASE WHEN b.radius = 0 OR b.morph = 'REX' THEN 0 ELSE 60 * least(1000, b.f_r * b.f_r) + 20 END
shape_e2_ivar | real | | Inverse variance of shape_e2 |
    ? CASE WHEN b.radius = 0 OR b.morph = 'REX' THEN 0 ELSE 60 * least(1000, b.f_r * b.f_r) + 20 END
sersic | real | | Sersic index | ? CASE b.morph WHEN 'SER' THEN 0.5 + 5 * b.u3 * b.u3 WHEN 'DEV' THEN 4
    WHEN 'PSF' THEN 0 ELSE 1 END
sersic_ivar | real | | Inverse variance of sersic | ? CASE b.morph WHEN 'SER' THEN 6 + 3 * b.u4 ELSE 0 END
`,
  orMissing,
)

const gaia = columns(`
ref_id | bigint | | Identifier in the reference catalogue |
    CASE WHEN b.has_gaia THEN (b.h2 & 1152921504606846975) ELSE 0 END
ref_cat | varchar(2) | | Reference catalogue: G2 for Gaia DR2, empty for none |
    CASE WHEN b.has_gaia THEN 'G2' ELSE '' END
gaia_phot_g_mean_mag | real | mag | Gaia G magnitude | CASE WHEN b.has_gaia THEN b.gaia_g ELSE 0 END
gaia_phot_g_mean_flux_over_error | real | | Gaia G signal-to-noise |
    CASE WHEN b.has_gaia THEN b.gaia_sn ELSE 0 END
gaia_phot_bp_mean_mag | real | mag | Gaia BP magnitude |
    CASE WHEN b.has_gaia THEN b.gaia_g + 0.55 * b.gr ELSE 0 END
gaia_phot_bp_mean_flux_over_error | real | | Gaia BP signal-to-noise |
    CASE WHEN b.has_gaia THEN b.gaia_sn * 0.22 ELSE 0 END
gaia_phot_rp_mean_mag | real | mag | Gaia RP magnitude |
    CASE WHEN b.has_gaia THEN b.gaia_g - 0.6 * b.gr ELSE 0 END
gaia_phot_rp_mean_flux_over_error | real | | Gaia RP signal-to-noise |
    CASE WHEN b.has_gaia THEN b.gaia_sn * 0.3 ELSE 0 END
gaia_phot_bp_rp_excess_factor | real | | Gaia BP+RP excess over G |
    CASE WHEN b.has_gaia THEN 1.18 + 0.1 * b.u2 ELSE 0 END
gaia_duplicated_source | boolean | | Gaia duplicate flag | b.has_gaia AND b.u3 > 0.994
gaia_astrometric_sigma5d_max | real | mas | Longest axis of the five-parameter error ellipsoid |
    CASE WHEN b.has_gaia THEN 0.02 * exp(0.35 * (b.gaia_g - 14)) ELSE 0 END
gaia_astrometric_params_solved | smallint | | Which astrometric parameters were solved |
    CASE WHEN b.has_gaia THEN CASE WHEN b.gaia_g < 20.4 THEN 31 ELSE 3 END ELSE 0 END
parallax | real | mas | Parallax | CASE WHEN NOT b.has_gaia THEN 0 WHEN b.cls = 2 THEN 0.05 + 1.6 * b.u4 * b.u4
    * b.u4 + 0.03 * b.g1 ELSE 0.2 * b.g1 END
parallax_ivar | real | mas^-2 | Inverse variance of parallax |
    CASE WHEN b.has_gaia THEN 2000 * exp(-0.7 * (b.gaia_g - 14)) ELSE 0 END
pmra | real | mas/yr | Proper motion in right ascension |
    CASE WHEN NOT b.has_gaia THEN 0 WHEN b.cls = 2 THEN 7 * b.g2 - 2 ELSE 0.3 * b.g2 END
pmra_ivar | real | (mas/yr)^-2 | Inverse variance of pmra |
    CASE WHEN b.has_gaia THEN 900 * exp(-0.7 * (b.gaia_g - 14)) ELSE 0 END
pmdec | real | mas/yr | Proper motion in declination |
    CASE WHEN NOT b.has_gaia THEN 0 WHEN b.cls = 2 THEN 7 * b.g1 - 5 ELSE 0.3 * b.g1 END
pmdec_ivar | real | (mas/yr)^-2 | Inverse variance of pmdec |
    CASE WHEN b.has_gaia THEN 900 * exp(-0.7 * (b.gaia_g - 14)) ELSE 0 END
targetid | bigint | | DESI target identifier | b.targetid
`)

/** g-r, r-z, r-W1 and W1-W2 (AB) by kind of source; galaxies are red or blue, half and half. */
const colours = `
    CASE WHEN s.cls = 1 THEN 0.22 + 0.12 * s.g1 WHEN s.cls = 2 THEN 0.25 + 1.2 * s.u1 * s.u1
         WHEN s.kind = ${bgs} THEN CASE WHEN s.u1 < 0.48 THEN 0.72 + 1.3 * s.z
         ELSE 0.36 + 1.0 * s.z END + 0.06 * s.g1
         WHEN s.kind = ${lrg} THEN 1.72 + 0.12 * s.g1 WHEN s.kind = ${elg} THEN 0.12 + 0.1 * s.g1
         ELSE 0.6 + 0.3 * s.g1 END AS gr,
    CASE WHEN s.cls = 1 THEN 0.2 + 0.15 * s.g2 WHEN s.cls = 2 THEN 0.1 + 0.9 * s.u1 * s.u1
         WHEN s.kind = ${bgs} THEN 0.32 + 0.75 * s.z + 0.05 * s.g2
         WHEN s.kind = ${lrg} THEN 0.92 + 1.05 * (s.z - 0.4) + 0.06 * s.g2 WHEN s.kind = ${elg} THEN 0.62 + 0.2
         * s.g2 ELSE 0.5 + 0.2 * s.g2 END AS rz,
    CASE WHEN s.cls = 1 THEN 1.1 + 0.35 * s.g1 WHEN s.cls = 2 THEN -1.2 + 1.6 * s.u1
         WHEN s.kind = ${lrg} THEN 2.6 + 1.2 * (s.z - 0.4) WHEN s.kind = ${elg} THEN 1.0 + 0.4 * s.g1
         ELSE 0.4 + 2.2 * s.z + 0.2 * s.g2 END AS rw,
    CASE WHEN s.cls = 1 THEN 0.34 + 0.17 * s.g2 WHEN s.cls = 2 THEN -0.62 + 0.05 * s.g2
    ELSE -0.42 + 0.16 * s.g2 END AS w12`
/** An observed flux from a dereddened magnitude: nanomaggies, dimmed by the dust in front. */
const flux = (band: Band, magnitude: string): string =>
  `exp(0.921034 * (22.5 - (${magnitude})) - ${(0.921034 * extinction[band]).toFixed(6)} * s.ebv) AS f_${band}`
/** The same with its measuring error, for the bands in which faint sources come out negative. */
const noisyFlux = (band: Band, magnitude: string, error: string): string =>
  flux(band, magnitude).replace(` AS f_${band}`, ` + ${error} AS f_${band}`)

const rows = (table: 'target_a' | 'target_b'): string => `FROM (
  SELECT s.*, s.f_r * s.f_r * 700 * 0.96 / (1 + 0.02 * s.f_r) AS chi,
    CASE WHEN s.morph = 'PSF' THEN 0 ELSE exp(0.35 * s.g2 + 0.12 * (21.5 - s.rmag)) * 0.62 END AS radius,
    CASE WHEN s.morph = 'PSF' THEN 0.79 ELSE 0.79 / (1 + 0.55 * exp(0.35 * s.g2 + 0.12 * (21.5 - s.rmag))
    * 0.62) END AS in_fibre,
    5000 * exp(-0.42 * (s.gaia_g - 13)) AS gaia_sn
  FROM (
    SELECT s.*, CASE WHEN s.is_north THEN 9011 ELSE 9010 END AS release, ${flux('r', 's.rmag')},
    ${flux('g', 's.rmag + s.gr')},
      ${flux('z', 's.rmag - s.rz')}, ${noisyFlux('w1', 's.rmag - s.rw', '0.6 * s.g2')},
      ${noisyFlux('w2', 's.rmag - s.rw - s.w12', '1.3 * s.g1')},
      (2 * s.g1 + 12) * exp(0.921034 * (19.5 - s.rmag)) + 18 * s.g2 AS f_w3,
      (2 * s.g2 + 14) * exp(0.921034 * (19.2 - s.rmag)) + 140 * s.g1 AS f_w4,
      s.rmag + 2.165 * s.ebv + 0.15 AS gaia_g,
      s.cls <> 0 AND s.rmag < 20.6 OR s.kind = ${kinds.backup} AS has_gaia,
      CASE WHEN s.cls > 0 THEN CASE WHEN s.u3 < 0.985 THEN 'PSF' ELSE 'REX' END
           WHEN s.kind = ${elg} THEN CASE WHEN s.u3 < 0.55 THEN 'REX' WHEN s.u3 < 0.85 THEN 'EXP'
           WHEN s.u3 < 0.93 THEN 'PSF' ELSE 'SER' END
           WHEN s.kind = ${lrg} THEN CASE WHEN s.u3 < 0.5 THEN 'DEV' WHEN s.u3 < 0.7 THEN 'SER'
           WHEN s.u3 < 0.9 THEN 'REX' ELSE 'EXP' END
           ELSE CASE WHEN s.u3 < 0.4 THEN 'SER' WHEN s.u3 < 0.65 THEN 'DEV' WHEN s.u3 < 0.9 THEN 'EXP'
           ELSE 'REX' END END AS morph
    FROM (
      SELECT s.*, ${colours} FROM (
        SELECT t.*, ${part('t.h1', 0)} AS u1, ${part('t.h1', 1)} AS u2, ${part('t.h1', 2)} AS u3,
        ${part('t.h1', 3)} AS u4,
          ${gauss('t.h2')} AS g1, ${gauss('t.h3')} AS g2
        FROM (SELECT r.*, ${hash('r.t', 50)} AS h1, ${hash('r.t', 51)} AS h2, ${hash('r.t', 52)} AS h3
        FROM gen.${table} r OFFSET 0) t
        OFFSET 0
      ) s OFFSET 0
    ) s OFFSET 0
  ) s OFFSET 0
) b`

export const photometry: TableSpec = {
  schema: 'iron',
  name: 'photometry',
  description:
    'Legacy Surveys imaging and Gaia astrometry, one row per TARGETID: the table of sky positions.',
  columns: [...source, ...shape, ...gaia],
  primaryKey: ['targetid'],
  indexes: [
    { name: 'ix_photometry_ls_id', on: 'ls_id' },
    { name: 'ix_photometry_dec', on: 'dec' },
  ],
  sources: [rows('target_a'), rows('target_b')],
}
