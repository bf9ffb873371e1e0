// iron.qso_spectra: coadded quasar spectra as arrays, one row per quasar and spectrograph arm, on DESI's common
// linear grid in vacuum wavelength. Lines sit at rest wavelength times (1 + z); noise, sky residuals, telluric bands,
// the Ly-alpha forest and C IV troughs follow what a real coadd shows. Run after gen.quasar exists.
import { gauss, hash, part } from './noise.ts'
import { columns, type TableSpec } from './table-spec.ts'

/** First wavelength and number of pixels of each arm; the step is 0.8 Å everywhere. */
export const arms = [
  { camera: 'b', wave0: 3600, pixels: 2751 },
  { camera: 'r', wave0: 5760, pixels: 2326 },
  { camera: 'z', wave0: 7520, pixels: 2881 },
] as const
export const stepAngstrom = 0.8

/** Rest wavelength (vacuum, Å), peak over the continuum, and Gaussian width in km/s. */
const emission: [rest: number, peak: number, widthKms: number][] = [
  [1025.18, 0.25, 2600],
  [1215.67, 2.6, 2400],
  [1240.14, 0.7, 2800],
  [1304.35, 0.14, 2200],
  [1396.76, 0.32, 3000],
  [1549.06, 1.1, 2300],
  [1640.42, 0.14, 2800],
  [1857.4, 0.1, 2600],
  [1892.03, 0.12, 2200],
  [1908.73, 0.42, 2700],
  [2796.352, 0.45, 1500],
  [2803.53, 0.4, 1500],
  [3426.85, 0.05, 500],
  [3727.1, 0.12, 220],
  [3729.86, 0.15, 220],
  [3869.86, 0.12, 260],
  [4102.892, 0.12, 2200],
  [4341.692, 0.24, 2200],
  [4862.71, 0.55, 2400],
  [4862.71, 0.16, 240],
  [4960.295, 0.3, 260],
  [5008.24, 0.9, 260],
  [5877.249, 0.08, 2200],
  [6549.861, 0.1, 240],
  [6564.6, 2.1, 2300],
  [6564.6, 0.5, 240],
  [6585.273, 0.3, 240],
  [6718.294, 0.1, 240],
  [6732.674, 0.09, 240],
]
/** Log-wavelength bins of the template, 10^-4 in ln(λ) (30 km/s): fine enough for the narrow lines. */
const binsPerUnit = 10_000

/** How many of every 1024 eligible quasars get a spectrum, for about `wanted` of them. */
export const spectraShare = (wanted: number, quasars: number): number =>
  Math.min(1024, Math.max(1, Math.round((1024 * wanted) / Math.max(1, quasars))))

/** gen.template: line shapes of a mean quasar over ln(rest wavelength) in two widths (variant 0 narrow, 1 broad). */
export const templateSql = `
CREATE UNLOGGED TABLE gen.template AS
SELECT variant, bin, sum(peak * exp(-0.5 * power((bin::float8 / ${binsPerUnit} - ln(rest))
    * 299792.458 / (width * stretch), 2)))::float8 AS lines
FROM (VALUES (0, 0.75::float8), (1, 1.0), (2, 1.35), (3, 1.8)) v(variant, stretch),
     (VALUES ${emission
       .map(
         ([rest, peak, width]) => `(${rest}::float8, ${peak}::float8,
     ${width}::float8)`,
       )
       .join(', ')}) l(rest, peak, width),
     LATERAL generate_series(floor((ln(rest) - 4 * width * stretch / 299792.458) * ${binsPerUnit})::int4,
                             ceil((ln(rest) + 4 * width * stretch / 299792.458) * ${binsPerUnit})::int4) bin
GROUP BY variant, bin;
ANALYZE gen.template`

/**
 * gen.grid: every pixel of the three arms with the noise level there (in flux units, dark time), the size of sky
 * residuals, and whether the pixel is masked in every spectrum.
 */
export const gridSql = `
CREATE UNLOGGED TABLE gen.grid AS
SELECT g.camera, g.i, g.wave, ln(g.wave) AS ln_wave, (g.wave / 2.4)::int8 AS cloud,
    0.0036 * power(g.wave / 1215.67, 3.3) AS opacity,
       0.55 * (1 + 2.6 * exp(-(g.wave - 3600) / 160) + 0.9 * exp((g.wave - 9824) / 90)
               + greatest(0, 0.7 - least(abs(g.wave - 5780), abs(g.wave - 7570)) / 40)) AS noise,
       CASE WHEN abs(g.wave - 5578.9) < 3 THEN 9 WHEN abs(g.wave - 6302) < 2.4 THEN 5
       WHEN abs(g.wave - 6865.7) < 2.4 THEN 2.5
            WHEN g.wave > 7200 AND ${part('g.h', 0)} < 0.16 THEN 1.2 + 2.4 * ${part('g.h', 1)}
            ELSE 0 END AS sky,
       1 - CASE WHEN g.wave BETWEEN 7594 AND 7660 THEN 0.32 WHEN g.wave BETWEEN 6868 AND 6930 THEN 0.12
       ELSE 0 END * ${part('g.h', 2)} AS telluric
FROM (
  SELECT a.camera, i, a.wave0 + ${stepAngstrom} * (i - 1) AS wave,
  ${hash('((a.wave0 + 0.8 * (i - 1)) / 3)::int8', 120)} AS h
  FROM (VALUES ${arms
    .map(
      (arm) => `('${arm.camera}', ${arm.wave0}::float8,
  ${arm.pixels})`,
    )
    .join(', ')}) a(camera, wave0, pixels),
       generate_series(1, a.pixels) i
) g;
ANALYZE gen.grid`

const armCase = (value: (arm: (typeof arms)[number]) => number): string =>
  `CASE b.camera ${arms.map((arm) => `WHEN '${arm.camera}' THEN ${value(arm)}`).join(' ')} END`

/** Flux density of the continuum in 1e-17 erg/(s cm2 Å), from r-band nanomaggies. */
const continuum = 'q.level * exp(q.slope * (8.74 - s.ln_wave))'
/** Transmission of the Ly-alpha forest: denser with redshift, in clouds a few pixels wide. */
const forest = `CASE WHEN s.wave < q.lya THEN 1 - least(0.95, s.opacity * 2 * ${part('s.f', 0)}) ELSE 1 END`
/** Broad C IV trough of BAL quasars, a parabola in wavelength blueward of the line. */
const trough =
  'CASE WHEN q.is_bal THEN 1 - 0.85 * greatest(0, 1 - power((s.wave - q.trough) / q.trough_width, 2)) ELSE 1 END'

/** Noise of the coadd at a pixel, before and with the photon noise of the quasar itself. */
const sigma = '(s.noise * (1 + 0.12 * s.sky) * q.quality + q.photon)'
const mask = `CASE WHEN (s.h >> 50) & 8191 < 6 THEN 4 WHEN (s.h >> 50) & 8191 < 8 THEN 2
    WHEN s.sky > 4 AND (s.f >> 50) & 7 = 0 THEN 32 ELSE 0 END`

/** The quasars that get a spectrum, with all that is the same for every pixel of theirs. */
const lit = (share: number): string => `
  SELECT targetid, survey, program, is_bal, flux_r * 2.6 AS level, 1.4 - 0.9 * u2 AS slope,
  1215.67 * (1 + z) AS lya,
         1549.06 * (1 + z) * (1 - (2500 + 17000 * u4) / 299792.458) AS trough,
         1549.06 * (1 + z) * (1500 + 2600 * u1) / 299792.458 AS trough_width, 0.85 + 0.3 * u3 AS quality,
         0.02 * flux_r AS photon,
         ln(1 + z) AS ln_stretch, (u1 * 3.999)::int4 % 4 AS variant
  FROM gen.quasar WHERE draw < ${share}`

export const qsoSpectra = (share: number): TableSpec => ({
  schema: 'iron',
  name: 'qso_spectra',
  description:
    'Coadded quasar spectra, one row per arm: wavelength of element i (from 1) is wave0 + dwave * (i - 1), vacuum. Any mask bit is bad.',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
survey | varchar(7) | | Survey phase | b.survey
program | varchar(6) | | Observing programme | b.program
camera | char(1) | | Spectrograph arm: b, r or z | b.camera
wave0 | double precision | Angstrom | Vacuum wavelength of the first pixel | ${armCase((arm) => arm.wave0)}
dwave | real | Angstrom | Step of the grid | ${stepAngstrom}
npix | integer | | Pixels in the arrays | ${armCase((arm) => arm.pixels)}
flux | real[] | 1e-17 erg/(s cm2 Angstrom) | Flux density | b.flux
ivar | real[] | 1e34 (s2 cm4 Angstrom2)/erg2 | Inverse variance of the flux; 0 where masked | b.ivar
mask | integer[] | | Pixel mask bits | b.mask
`),
  primaryKey: ['targetid', 'survey', 'program', 'camera'],
  indexes: [],
  sources: [
    `FROM (
  SELECT q.targetid, q.survey, q.program, a.camera, l.flux, l.ivar, l.mask
  FROM (${lit(share)}) q CROSS JOIN (VALUES ${arms.map((arm) => `('${arm.camera}')`).join(', ')}) a(camera)
  CROSS JOIN LATERAL (
    SELECT array_agg(p.flux::real ORDER BY p.i) AS flux,
           array_agg((CASE WHEN p.mask = 0 THEN 1 / (p.sigma * p.sigma) ELSE 0 END)::real ORDER BY p.i) AS ivar,
           array_agg(p.mask ORDER BY p.i) AS mask
    FROM (
      SELECT s.i, ${sigma} AS sigma, ${mask} AS mask,
             (${continuum}) * (1 + coalesce(t.lines, 0)) * (${forest}) * (${trough}) * s.telluric
               + ${sigma} * ${gauss('s.h')} + s.sky * 0.25 * ${gauss('s.f')} AS flux
      FROM (
        SELECT g.*, ${hash('q.targetid + g.i * 4 + ascii(g.camera)', 130)} AS h,
        ${hash('q.targetid + g.cloud', 131)} AS f,
               ((g.ln_wave - q.ln_stretch) * ${binsPerUnit})::int4 AS bin
        FROM gen.grid g WHERE g.camera = a.camera OFFSET 0
      ) s LEFT JOIN gen.template t ON t.variant = q.variant AND t.bin = s.bin
      OFFSET 0
    ) p
  ) l
) b ORDER BY b.targetid, b.camera`,
  ],
})
