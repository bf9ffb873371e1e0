// The cosmic-void catalogues (DESIVAST layout): VoidFinder spheres, the three V2 prunings, and which galaxy lies
// in which void. Void places are drawn from the survey's footprint and volume; membership is real geometry
// between those voids and the galaxies of fastspecfit. Run after fastspecfit is loaded.
import { nearbyDistance, nearbyRedshift } from './galaxies.ts'
import { gauss, hash, part } from './noise.ts'
import { columns, type TableSpec } from './table-spec.ts'

/** Rows in the published files, radius law (Mpc/h) and the share of voids away from the survey's edge. */
const finders = [
  { algorithm: 'VoidFinder', rows: 3765, radius: '10 + 1.9 * exp(0.8 * g1)', interior: 0.394 },
  { algorithm: 'REVOLVER', rows: 1992, radius: '9 + 6.9 * exp(0.6 * g1)', interior: 0.194 },
  { algorithm: 'VIDE', rows: 1478, radius: '8 + 7.4 * exp(0.65 * g1)', interior: 0.2 },
  { algorithm: 'ZOBOV', rows: 3517, radius: '2.5 + 9 * exp(0.78 * g1)', interior: 0.21 },
] as const
/** Comoving distance of z = 0.24, the sample's limit, in Mpc/h. */
const depthMpc = 677.4
/** Edge of the cells that keep the galaxy-void search near-linear, in Mpc/h; no void is larger. */
const cellMpc = 45

/** One number for the cell of a point; neighbours differ by 10000, 100 and 1. */
const cell = (alias: string): string =>
  `((floor(${alias}.x / ${cellMpc})::int4 * 100 + floor(${alias}.y / ${cellMpc})::int4) * 100
  + floor(${alias}.z / ${cellMpc})::int4)`

/** gen.void: all voids of all finders with the noise their columns need. */
export const voidSql = `
CREATE UNLOGGED TABLE gen.void AS
WITH place AS (SELECT ra, dec, cap, row_number() OVER (ORDER BY hpx) - 1 AS n, count(*) OVER () AS pixels
    FROM gen.pixel),
wanted AS (
  SELECT f.algorithm, f.salt, f.interior, n, ${hash('n * 8 + f.salt', 90)} AS h1,
  ${hash('n * 8 + f.salt', 91)} AS h2,
         ${hash('n * 8 + f.salt', 92)} AS h3
  FROM (VALUES ${finders
    .map(
      (f, index) => `('${f.algorithm}', ${index}, ${f.rows},
  ${f.interior}::float8)`,
    )
    .join(', ')}) f(algorithm, salt, rows, interior),
       generate_series(1, f.rows) n
), drawn AS (
  SELECT w.*, ${part('w.h1', 0)} AS u1, ${part('w.h1', 1)} AS u2, ${part('w.h1', 2)} AS u3,
  ${part('w.h1', 3)} AS u4,
         ${gauss('w.h2')} AS g1, ${gauss('w.h3')} AS g2, (SELECT max(pixels) FROM place) AS pixels
  FROM wanted w
), sized AS (
  SELECT d.algorithm, d.salt, d.n, d.u1, d.u2, d.u3, d.u4, d.g1, d.g2, p.cap AS galactic_cap,
         p.ra + 0.4 * (d.u3 - 0.5) AS ra, p.dec + 0.4 * (d.u4 - 0.5) AS dec,
         least(${depthMpc - 8}, greatest(35, ${depthMpc} * power(d.u2, 0.36))) AS r,
         CASE d.salt ${finders.map((f, index) => `WHEN ${index} THEN ${f.radius}`).join(' ')} END AS radius,
         CASE WHEN d.u1 < d.interior THEN 0 WHEN d.u1 < d.interior + 0.35 THEN 1 ELSE 2 END AS edge
  FROM drawn d JOIN place p ON p.n = (d.h3 & 2147483647) % d.pixels
)
SELECT s.*, (row_number() OVER (PARTITION BY algorithm, galactic_cap ORDER BY n) - 1)::int4 AS void,
       r * cosd(dec) * cosd(ra) AS x, r * cosd(dec) * sind(ra) AS y, r * sind(dec) AS z,
       ${nearbyRedshift('r')} AS redshift,
       6.283185 * u3 AS azimuth, acos(2 * u4 - 1) AS tilt
FROM sized s`

/** gen.member: each survey galaxy with the nearest void of each finder, where one is within a cell's reach. */
export const memberSql = `
CREATE UNLOGGED TABLE gen.member AS
WITH galaxy AS MATERIALIZED (
  SELECT f.targetid, f.healpix, d.r * cosd(f.dec) * cosd(f.ra) AS x, d.r * cosd(f.dec) * sind(f.ra) AS y,
  d.r * sind(f.dec) AS z,
         x.cap AS galactic_cap
  FROM iron.fastspecfit f JOIN gen.pixel x ON x.hpx = f.healpix,
  LATERAL (SELECT ${nearbyDistance('f.z')} AS r) d
  WHERE f.program = 'bright' AND f.z BETWEEN 0.01 AND 0.24 AND f.absmag01_sdss_r < -20
), near AS MATERIALIZED (
  SELECT v.algorithm, v.galactic_cap, v.void, v.x, v.y, v.z, v.radius, ${cell('v')} + (i * 100 + j) * 100
  + k AS cell
  FROM gen.void v, generate_series(-1, 1) i, generate_series(-1, 1) j, generate_series(-1, 1) k
), paired AS (
  SELECT g.targetid, n.algorithm, n.void, n.radius,
         sqrt(power(g.x - n.x, 2) + power(g.y - n.y, 2) + power(g.z - n.z, 2)) AS distance
  FROM (SELECT *, ${cell('s')} AS cell FROM galaxy s OFFSET 0) g JOIN near n ON n.cell = g.cell
  WHERE n.galactic_cap = g.galactic_cap
), nearest AS (
  SELECT DISTINCT ON (targetid, algorithm) * FROM paired ORDER BY targetid, algorithm, distance / radius, void
)
SELECT g.*, a.algorithm, n.void, n.radius, n.distance, n.distance < n.radius AS is_inside,
       row_number() OVER (PARTITION BY a.algorithm, g.galactic_cap ORDER BY g.healpix, g.targetid) - 1 AS gal
FROM galaxy g CROSS JOIN (VALUES ${finders.map((f) => `('${f.algorithm}')`).join(', ')}) a(algorithm)
LEFT JOIN nearest n ON n.targetid = g.targetid AND n.algorithm = a.algorithm`

const cap = 'galactic_cap | char(3) | | Galactic cap, NGC or SGC; added on load | b.galactic_cap'
const centre = `
x | double precision | Mpc/h | Comoving x of the centre | b.x
y | double precision | Mpc/h | Comoving y of the centre | b.y
z | double precision | Mpc/h | Comoving z of the centre; not a redshift | b.z`

export const maximals: TableSpec = {
  schema: 'iron',
  name: 'desivast_voidfinder_maximals',
  description: 'VoidFinder: one row per void, given by its largest sphere.',
  columns: columns(`${centre}
radius | double precision | Mpc/h | Radius of the maximal sphere | b.radius
void | integer | | Void number within the cap | b.void
edge | smallint | | 0 interior, 1 touches the survey edge, 2 near it | b.edge
r | double precision | Mpc/h | Comoving distance of the centre | b.r
ra | double precision | deg | Right ascension of the centre | b.ra
dec | double precision | deg | Declination of the centre | b.dec
r_eff | double precision | Mpc/h | Radius of a sphere with the whole void's volume |
    b.radius * (1.12 + 0.3 * b.u4)
r_eff_uncert | double precision | Mpc/h | Error of r_eff | 0.1 + 0.3 * b.u3
${cap}
`),
  primaryKey: ['galactic_cap', 'void'],
  indexes: [],
  sources: ["FROM gen.void b WHERE b.algorithm = 'VoidFinder' ORDER BY b.galactic_cap, b.void"],
}

export const holes: TableSpec = {
  schema: 'iron',
  name: 'desivast_voidfinder_holes',
  description: 'VoidFinder: every sphere. A void is the union of the spheres with its number.',
  columns: columns(`
x | double precision | Mpc/h | Comoving x of the sphere | b.x + b.step * cos(b.turn) * sin(b.lean)
y | double precision | Mpc/h | Comoving y of the sphere | b.y + b.step * sin(b.turn) * sin(b.lean)
z | double precision | Mpc/h | Comoving z of the sphere; not a redshift | b.z + b.step * cos(b.lean)
radius | double precision | Mpc/h | Radius of the sphere |
    b.radius * CASE WHEN b.i = 0 THEN 1 ELSE 0.55 + 0.35 * b.w END
void | integer | | Void the sphere belongs to | b.void
${cap}
`),
  primaryKey: [],
  indexes: [
    { name: 'ix_holes_void', on: 'galactic_cap, void' },
    { name: 'ix_holes_x', on: 'x' },
  ],
  sources: [
    `FROM (
  SELECT v.x, v.y, v.z, v.radius, v.void, v.galactic_cap, i, CASE WHEN i = 0 THEN 0
  ELSE v.radius * (0.35 + 0.5 * ${part('h.h', 0)}) END AS step,
         6.283185 * ${part('h.h', 1)} AS turn, acos(2 * ${part('h.h', 2)} - 1) AS lean, ${part('h.h', 3)} AS w
  FROM gen.void v, generate_series(0, 1 + (v.u2 * 3)::int4) i,
  LATERAL (SELECT ${hash('v.n * 16 + i', 93)} AS h) h
  WHERE v.algorithm = 'VoidFinder'
) b ORDER BY b.galactic_cap, b.void, b.i`,
  ],
}

/** Three perpendicular axes of a slightly flattened ellipsoid. */
const axes = `
x1 | double precision | Mpc/h | First ellipsoid axis, x |
    b.radius * (1.05 + 0.25 * b.u1) * sin(b.tilt) * cos(b.azimuth)
y1 | double precision | Mpc/h | First ellipsoid axis, y |
    b.radius * (1.05 + 0.25 * b.u1) * sin(b.tilt) * sin(b.azimuth)
z1 | double precision | Mpc/h | First ellipsoid axis, z | b.radius * (1.05 + 0.25 * b.u1) * cos(b.tilt)
x2 | double precision | Mpc/h | Second ellipsoid axis, x | b.radius * cos(b.tilt) * cos(b.azimuth)
y2 | double precision | Mpc/h | Second ellipsoid axis, y | b.radius * cos(b.tilt) * sin(b.azimuth)
z2 | double precision | Mpc/h | Second ellipsoid axis, z | -b.radius * sin(b.tilt)
x3 | double precision | Mpc/h | Third ellipsoid axis, x | -b.radius * (0.72 + 0.2 * b.u2) * sin(b.azimuth)
y3 | double precision | Mpc/h | Third ellipsoid axis, y | b.radius * (0.72 + 0.2 * b.u2) * cos(b.azimuth)
z3 | double precision | Mpc/h | Third ellipsoid axis, z | 0`

const watershed = (algorithm: 'REVOLVER' | 'VIDE' | 'ZOBOV'): TableSpec => ({
  schema: 'iron',
  name: `desivast_v2_${algorithm.toLowerCase()}_voids`,
  description: `V2 watershed voids with ${algorithm} pruning.`,
  columns: columns(`
void | integer | | Void number within the cap | b.void
${centre}
redshift | double precision | | Redshift of the centre | b.redshift
ra | double precision | deg | Right ascension of the centre | b.ra
dec | double precision | deg | Declination of the centre | b.dec
radius | double precision | Mpc/h | Volume-equivalent radius | b.radius
${axes}
tot_area | double precision | (Mpc/h)^2 | Surface area | 12.566371 * b.radius * b.radius * (1.3 + 0.5 * b.u1)
edge_area | double precision | (Mpc/h)^2 | Part of the surface on the survey edge |
    CASE b.edge WHEN 1 THEN 6 * b.radius * b.radius * b.u2 ELSE 0 END
edge | smallint | | 0 interior, 1 touches the survey edge, 2 near it | b.edge
${cap}
`),
  primaryKey: ['galactic_cap', 'void'],
  indexes: [],
  sources: [`FROM gen.void b WHERE b.algorithm = '${algorithm}' ORDER BY b.galactic_cap, b.void`],
})

export const zonevoid: TableSpec = {
  schema: 'iron',
  name: 'desivast_v2_zonevoid',
  description: 'V2: which voids contain each watershed zone. Two zones make a void here.',
  columns: columns(`
zone | integer | | Zone number | b.void * 2 + i
void0 | integer | | Smallest void with the zone, -1 for none |
    CASE WHEN b.u1 < 0.04 AND i = 1 THEN -1 ELSE b.void END
void1 | integer | | Largest void with the zone, -1 for none |
    CASE WHEN b.u1 < 0.04 AND i = 1 THEN -1 WHEN b.u2 < 0.1 AND b.void > 0 THEN b.void - 1 ELSE b.void END
algorithm | varchar(8) | | revolver, vide or zobov; added on load | lower(b.algorithm)
${cap}
`),
  primaryKey: ['algorithm', 'galactic_cap', 'zone'],
  indexes: [],
  sources: [
    "FROM gen.void b, generate_series(0, 1) i WHERE b.algorithm <> 'VoidFinder' ORDER BY b.algorithm, b.galactic_cap, b.void, i",
  ],
}

export const galzone: TableSpec = {
  schema: 'iron',
  name: 'desivast_v2_galzone',
  description: 'V2: the zone of each galaxy; join zonevoid for its void.',
  columns: columns(`
gal | bigint | | Galaxy number in the input sample | b.gal
target | bigint | | DESI target identifier | b.targetid
${centre.replaceAll('of the centre', 'of the galaxy')}
zone | integer | | Zone number, -1 for none |
    CASE WHEN b.is_inside THEN b.void * 2 + (b.targetid & 1)::int4 ELSE -1 END
depth | integer | | Steps inside the zone |
    CASE WHEN b.is_inside THEN (4 * (1 - b.distance / b.radius))::int4 ELSE 0 END
edge | smallint | | 1 when the galaxy's cell touches the survey edge |
    CASE WHEN b.targetid & 31 = 0 THEN 1 ELSE 0 END
out | smallint | | 1 when outside the survey mask | CASE WHEN b.targetid & 127 = 1 THEN 1 ELSE 0 END
algorithm | varchar(8) | | revolver, vide or zobov; added on load | lower(b.algorithm)
${cap}
`),
  primaryKey: ['algorithm', 'galactic_cap', 'gal'],
  indexes: [
    { name: 'ix_galzone_target', on: 'target' },
    { name: 'ix_galzone_zone', on: 'algorithm, galactic_cap, zone' },
  ],
  sources: [
    "FROM gen.member b WHERE b.algorithm <> 'VoidFinder' ORDER BY b.algorithm, b.galactic_cap, b.gal",
  ],
}

export const galaxyVoid: TableSpec = {
  schema: 'iron',
  name: 'galaxy_void',
  description: 'Environment of each galaxy by each void finder; the nearest void is null for wall galaxies.',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
algorithm | varchar(20) | | VoidFinder, REVOLVER, VIDE or ZOBOV | b.algorithm
environment | varchar(8) | | void or wall | CASE WHEN b.is_inside THEN 'void' ELSE 'wall' END
nearest_void_id | integer | | Nearest void, null for a wall galaxy | CASE WHEN b.is_inside THEN b.void END
distance_to_void_center_mpc | double precision | Mpc | Comoving distance to that void's centre |
    CASE WHEN b.is_inside THEN b.distance / 0.674 END
void_centric_radius_norm | double precision | | That distance over the void's radius |
    CASE WHEN b.is_inside THEN b.distance / b.radius END
in_void_interior | boolean | | True within the void's radius | coalesce(b.is_inside, false)
`),
  primaryKey: ['targetid', 'algorithm'],
  indexes: [{ name: 'ix_galaxy_void_env', on: 'algorithm, environment' }],
  sources: ['FROM gen.member b ORDER BY b.algorithm, b.healpix, b.targetid'],
  isNullable: (column) =>
    ['nearest_void_id', 'distance_to_void_center_mpc', 'void_centric_radius_norm'].includes(column),
}

export const voidTables: TableSpec[] = [
  maximals,
  holes,
  watershed('REVOLVER'),
  watershed('VIDE'),
  watershed('ZOBOV'),
  zonevoid,
  galzone,
  galaxyVoid,
]
