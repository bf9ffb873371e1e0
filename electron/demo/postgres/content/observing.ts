// iron.tile and iron.exposure: when and where the telescope pointed. One dark and one bright tile per nside-16
// block of the footprint, so that a target's tile is found from its pixel: tileid = base + (healpix >> 4).
import { gauss, hash, part } from './noise.ts'
import { columns, type TableSpec } from './table-spec.ts'

/** First tile number of each programme. */
export const tileBase = { dark: 1000, bright: 20_000 } as const

export const tile: TableSpec = {
  schema: 'iron',
  name: 'tile',
  description: 'Observed tiles: pointings of 1.6 degree radius with 5000 fibres.',
  columns: columns(`
tileid | integer | | Tile number | b.tileid
survey | varchar(20) | | Survey phase | 'main'
program | varchar(6) | | Observing programme | b.program
faprgrm | varchar(20) | | Fibre-assignment programme | b.program
faflavor | varchar(20) | | Fibre-assignment flavour | 'main' || b.program
nexp | bigint | | Exposures | b.nexp
exptime | double precision | s | Exposure time, all exposures | b.goal * b.nexp * (1.1 + 0.5 * b.u1)
tilera | double precision | deg | Tile centre, right ascension | b.ra
tiledec | double precision | deg | Tile centre, declination | b.dec
efftime_etc | double precision | s | Effective time by the exposure-time calculator | b.goal * (1 + 0.12 * b.u2)
efftime_spec | double precision | s | Effective time from spectra | b.goal * (0.98 + 0.15 * b.u2)
efftime_gfa | double precision | s | Effective time from guide cameras | b.goal * (1 + 0.1 * b.u2)
goaltime | double precision | s | Effective time wanted | b.goal
obsstatus | varchar(20) | | State of completion | 'obsend'
lrg_efftime_dark | double precision | s | Effective dark time for LRG | b.goal * (0.98 + 0.15 * b.u2)
elg_efftime_dark | double precision | s | Effective dark time for ELG | b.goal * (0.97 + 0.15 * b.u2)
bgs_efftime_bright | double precision | s | Effective bright time for BGS | b.goal * (1.02 + 0.15 * b.u2)
lya_efftime_dark | double precision | s | Effective dark time for Ly-alpha quasars |
    b.goal * (1.05 + 0.2 * b.u2)
goaltype | varchar(20) | | Kind of goal | b.program
mintfrac | double precision | | Share of the goal at which a tile is done |
    CASE b.program WHEN 'dark' THEN 0.9 ELSE 0.85 END
lastnight | integer | | Last night, YYYYMMDD |
    to_char(date '2021-05-14' + b.night + b.nexp - 1, 'YYYYMMDD')::int4
`),
  primaryKey: ['tileid'],
  indexes: [{ name: 'ix_tile_tiledec', on: 'tiledec' }],
  sources: ['FROM gen.pointing b ORDER BY b.tileid'],
}

/** gen.pointing: centre, goal and night of every tile. */
export const pointingSql = `
CREATE UNLOGGED TABLE gen.pointing AS
SELECT s.*, ${part('s.h', 0)} AS u1, ${part('s.h', 1)} AS u2, 1 + ((s.h >> 40) & 1)::int4 AS nexp,
       floor(394 * ${part('s.h', 2)})::int4 AS night
FROM (
  SELECT p.base + (x.hpx >> 4) AS tileid, p.program, p.goal, (array_agg(x.ra ORDER BY x.hpx))[1] AS ra,
         (array_agg(x.dec ORDER BY x.hpx))[1] AS dec, avg(x.ebv) AS ebv,
         ${hash('p.base + (x.hpx >> 4)', 70)} AS h
  FROM gen.pixel x, (VALUES (${tileBase.dark}, 'dark', 1000.0::float8), (${tileBase.bright}, 'bright',
  180.0)) p(base, program, goal)
  GROUP BY 1, 2, 3
) s`

const guide = ['', '_elg', '_bgs'].map(
  (kind) =>
    `fiber_fracflux${kind}_gfa | double precision | | Light in the fibre by guide cameras${kind && `, ${kind.slice(1).toUpperCase()} profile`} | 0.58 - 0.09 * (b.seeing - 1.1)`,
)
const factor = ['', '_elg', '_bgs'].map(
  (kind) =>
    `fiberfac${kind}_gfa | double precision | | Fibre throughput factor by guide cameras${kind && `, ${kind.slice(1).toUpperCase()} profile`} | b.transparency * (1.05 - 0.2 * (b.seeing - 1.1))`,
)
const signal: [name: string, type: string, perSecond: number][] = [
  ['elg', 'real', 0.1162],
  ['qso', 'real', 0.0319],
  ['lrg', 'real', 0.0823],
  ['lya', 'double precision', 0.0607],
  ['bgs', 'real', 7.14],
  ['gpbdark', 'real', 0.136],
  ['gpbbright', 'real', 0.0268],
  ['gpbbackup', 'real', 0.0076],
]
const effective: [name: string, type: string, words: string][] = [
  ['lrg_efftime_dark', 'real', 'Effective dark time for LRG'],
  ['elg_efftime_dark', 'real', 'Effective dark time for ELG'],
  ['bgs_efftime_bright', 'real', 'Effective bright time for BGS'],
  ['lya_efftime_dark', 'double precision', 'Effective dark time for Ly-alpha quasars'],
  ['gpb_efftime_dark', 'real', 'Effective dark time, purple-band template'],
  ['gpb_efftime_bright', 'real', 'Effective bright time, purple-band template'],
  ['gpb_efftime_backup', 'real', 'Effective backup time, purple-band template'],
]

export const exposure: TableSpec = {
  schema: 'iron',
  name: 'exposure',
  description: 'Science exposures with sky, seeing and effective times.',
  columns: columns(`
night | integer | | Night, YYYYMMDD | to_char(b.evening, 'YYYYMMDD')::int4
expid | integer | | Exposure number | b.expid
tileid | integer | | Tile number | b.tileid
tilera | double precision | deg | Tile centre, right ascension | b.ra
tiledec | double precision | deg | Tile centre, declination | b.dec
date_obs | timestamp with time zone | | Start of the exposure, UTC |
    (b.evening + interval '1 day' + b.hours * interval '1 hour') AT TIME ZONE 'UTC'
mjd | double precision | d | Start, modified Julian date |
    59349 + (b.evening - date '2021-05-14') + b.hours / 24
survey | varchar(7) | | Survey phase | 'main'
program | varchar(6) | | Observing programme | b.program
faprgrm | varchar(16) | | Fibre-assignment programme | b.program
faflavor | varchar(19) | | Fibre-assignment flavour | 'main' || b.program
exptime | double precision | s | Exposure time | b.efftime * (1.1 + 0.5 * b.u1)
efftime_spec | double precision | s | Effective time from spectra | b.efftime
goaltime | double precision | s | Effective time wanted | b.goal
goaltype | varchar(7) | | Kind of goal | b.program
mintfrac | double precision | | Share of the goal at which a tile is done |
    CASE b.program WHEN 'dark' THEN 0.9 ELSE 0.85 END
airmass | real | | Airmass | b.airmass
ebv | double precision | mag | Galactic reddening at the tile | b.ebv
seeing_etc | double precision | arcsec | Seeing by the exposure-time calculator | b.seeing * (1 + 0.03 * b.g1)
efftime_etc | real | s | Effective time by that calculator | b.efftime * (1 + 0.04 * b.g1)
${signal.map(([name, type, rate]) => `tsnr2_${name} | ${type} | | Squared S/N of the ${name.toUpperCase()} template | ${rate} * b.efftime`).join('\n')}
${effective
  .map(
    ([name, type, words]) => `${name} | ${type} | s | ${words} |
    b.efftime * (0.97 + 0.08 * b.u2)`,
  )
  .join('\n')}
transparency_gfa | double precision | | Transparency by guide cameras | b.transparency
seeing_gfa | double precision | arcsec | Seeing by guide cameras | b.seeing
${guide.join('\n')}
${factor.join('\n')}
airmass_gfa | double precision | | Airmass at the guide cameras | b.airmass * 1.001
sky_mag_ab_gfa | double precision | mag/arcsec^2 | Sky brightness by guide cameras | b.sky
sky_mag_g_spec | double precision | mag/arcsec^2 | Sky brightness from spectra, g | b.sky + 0.9
sky_mag_r_spec | double precision | mag/arcsec^2 | Sky brightness from spectra, r | b.sky
sky_mag_z_spec | double precision | mag/arcsec^2 | Sky brightness from spectra, z | b.sky - 1.9
efftime_gfa | double precision | s | Effective time from guide cameras | b.efftime * (1 + 0.05 * b.g1)
efftime_dark_gfa | double precision | s | Effective dark time from guide cameras | b.efftime * (1 + 0.05 * b.g1)
efftime_bright_gfa | double precision | s | Effective bright time from guide cameras |
    b.efftime * (1.02 + 0.05 * b.g1)
efftime_backup_gfa | double precision | s | Effective backup time from guide cameras |
    b.efftime * (1.05 + 0.05 * b.g1)
`),
  primaryKey: ['expid'],
  indexes: [
    { name: 'ix_exposure_night', on: 'night' },
    { name: 'ix_exposure_tileid', on: 'tileid' },
    { name: 'ix_exposure_tiledec', on: 'tiledec' },
  ],
  sources: [
    `FROM (
  SELECT s.*, (89000 + row_number() OVER (ORDER BY s.evening, s.hours, s.tileid))::int4 AS expid
  FROM (
    SELECT p.tileid, p.program, p.goal, p.ra, p.dec, p.ebv, date '2021-05-14' + p.night + n - 1 AS evening,
           2.5 + 9.5 * ${part('e.h', 0)} AS hours, p.goal / p.nexp * (0.98 + 0.15 * p.u2) AS efftime,
           ${part('e.h', 1)} AS u1, ${part('e.h', 2)} AS u2, ${gauss('e.h2')} AS g1,
           1 / cosd(least(58, abs(p.dec - 31.96) + 14 * ${part('e.h', 3)})) AS airmass,
           0.8 + 0.7 * ${part('e.h2', 0)} AS seeing,
           0.72 + 0.28 * ${part('e.h2', 1)} AS transparency, CASE p.program WHEN 'dark' THEN 21
           ELSE 19.6 END + 0.3 * ${gauss('e.h2')} AS sky
    FROM gen.pointing p, generate_series(1, p.nexp) n,
         LATERAL (SELECT ${hash('p.tileid * 4 + n', 71)} AS h, ${hash('p.tileid * 4 + n', 72)} AS h2) e
  ) s
) b ORDER BY b.expid`,
  ],
}
