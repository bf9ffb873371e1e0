// The research group's own databases: desi_void_fastspecfit and desi_void_desivast, one wide table each in schema
// raw_catalogs, no sky index, as they load them. Rows are fetched from desi_dr1 over dblink while gen.* exists there.
import { columns, type TableSpec } from './table-spec.ts'

const ingested = "timestamptz '2025-08-19 09:12:44+00'"

export const fastspecfitGalaxies: TableSpec = {
  schema: 'raw_catalogs',
  name: 'fastspecfit_galaxies',
  description: 'Slim load of FastSpecFit main-bright galaxies.',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
ra | double precision | deg | Right ascension | b.ra
dec | double precision | deg | Declination | b.dec
z | double precision | | Redshift | b.z
z_err | double precision | | Error of z | b.z_err
logmstar | real | log10 Msun | Stellar mass | b.logmstar
logmstar_err | real | dex | Error of logmstar | b.logmstar_err
sfr | real | Msun/yr | Star-formation rate | b.sfr
sfr_err | real | Msun/yr | Error of sfr | 0.05 + 0.3 * b.sfr
age_gyr | real | Gyr | Light-weighted age | b.age
metallicity | real | | Log stellar metallicity, solar units | b.metallicity
d4000 | real | | 4000 A break | b.d4000
healpix_id | integer | | nside-1 file number 0 to 11, not a pixel of nside 64 | b.face
source_file | varchar(255) | | File the row came from |
    'fastspec-iron-main-bright-nside1-hp' || lpad(b.face::text, 2, '0') || '.fits'
ingestion_timestamp | timestamptz | | When it was loaded | ${ingested} + b.face * interval '7 minutes'
`),
  primaryKey: ['targetid'],
  indexes: ['logmstar', 'sfr', 'z'].map((on) => ({ name: `idx_fastspecfit_galaxies_${on}`, on })),
  sources: ['FROM gen.remote b'],
}

/** What fastspecfit_galaxies asks of desi_dr1; `share` of 1024 galaxies, from hash bits that no value uses. */
export const galaxiesQuery = (share: number): string => `
  SELECT f.targetid, f.ra, f.dec, f.z, 0.00002 + 0.00006 * f.u3 AS z_err, f.logmstar,
  0.04 + 0.1 * f.u1 AS logmstar_err, f.sfr,
         CASE WHEN f.is_red THEN 5.5 + 3 * f.u2 ELSE 1.2 + 3.5 * f.u2 END AS age,
         -0.35 + 0.3 * (least(11.6, f.logmstar) - 10) + 0.12 * f.g3 AS metallicity, f.dn4000 AS d4000, f.face
  FROM gen.fitted f WHERE f.kind = 1 AND f.cls = 0 AND ((f.h3 >> 20) & 1023) < ${share} ORDER BY f.t`
export const galaxiesColumns =
  'targetid int8, ra float8, dec float8, z float8, z_err float8, logmstar float8, logmstar_err float8, sfr float8, age float8, metallicity float8, d4000 float8, face int4'

export const desivastVoids: TableSpec = {
  schema: 'raw_catalogs',
  name: 'desivast_voids',
  description: 'All four DESIVAST algorithms in one table; columns an algorithm does not give stay null.',
  columns: columns(`
void_id | serial | | Row key | b.void_id
algorithm | varchar(20) | | REVOLVER, VIDE, ZOBOV or VoidFinder | b.algorithm
original_void_index | bigint | | Void number in its file | b.void
ra | double precision | deg | Right ascension of the centre | b.ra
dec | double precision | deg | Declination of the centre | b.dec
x_mpc_h | double precision | Mpc/h | Comoving x | b.x
y_mpc_h | double precision | Mpc/h | Comoving y | b.y
z_mpc_h | double precision | Mpc/h | Comoving z | b.z
radius_mpc_h | double precision | Mpc/h | Radius | b.radius
edge_flag | integer | | 0 interior, 1 touches the survey edge, 2 near it | b.edge
redshift | double precision | | Redshift of the centre; null for VoidFinder | b.redshift
r_eff | double precision | Mpc/h | Effective radius, VoidFinder only | b.r_eff
r_eff_uncert | double precision | Mpc/h | Error of r_eff, VoidFinder only | b.r_eff_uncert
tot_area | double precision | (Mpc/h)^2 | Surface area; null for VoidFinder | b.tot_area
edge_area | double precision | (Mpc/h)^2 | Surface on the survey edge; null for VoidFinder | b.edge_area
galactic_cap | varchar(3) | | NGC or SGC | b.galactic_cap
source_file | varchar(255) | | File the row came from |
    'DESIVAST_BGS_VOLLIM_' || CASE b.algorithm WHEN 'VoidFinder' THEN ''
    ELSE 'V2_' END || b.algorithm || '_' || b.galactic_cap || '.fits'
ingestion_timestamp | timestamptz | | When it was loaded | ${ingested}
`),
  primaryKey: ['void_id'],
  indexes: [
    { name: 'unique_void_entry', on: 'algorithm, galactic_cap, original_void_index', isUnique: true },
    { name: 'idx_desivast_voids_algorithm', on: 'algorithm' },
    { name: 'idx_desivast_voids_radius', on: 'radius_mpc_h' },
  ],
  sources: ['FROM gen.remote b'],
  isNullable: (column) => ['redshift', 'r_eff', 'r_eff_uncert', 'tot_area', 'edge_area'].includes(column),
}

const watershed = ['REVOLVER', 'VIDE', 'ZOBOV'].map(
  (
    algorithm,
  ) => `SELECT '${algorithm}', void, ra, dec, x, y, z, radius, edge, redshift, NULL::float8, NULL::float8,
  tot_area, edge_area, galactic_cap
    FROM iron.desivast_v2_${algorithm.toLowerCase()}_voids`,
)
export const voidsQuery = `
  SELECT row_number() OVER (ORDER BY algorithm, galactic_cap, void)::int4 AS void_id, v.* FROM (
    ${watershed.join(' UNION ALL ')} UNION ALL
    SELECT 'VoidFinder', void, ra, dec, x, y, z, radius, edge, NULL::float8, r_eff, r_eff_uncert, NULL::float8,
    NULL::float8, galactic_cap FROM iron.desivast_voidfinder_maximals
  ) v(algorithm, void, ra, dec, x, y, z, radius, edge, redshift, r_eff, r_eff_uncert, tot_area, edge_area,
  galactic_cap) ORDER BY 1`
export const voidsColumns =
  'void_id int4, algorithm text, void int4, ra float8, dec float8, x float8, y float8, z float8, radius float8, edge int4, redshift float8, r_eff float8, r_eff_uncert float8, tot_area float8, edge_area float8, galactic_cap text'
