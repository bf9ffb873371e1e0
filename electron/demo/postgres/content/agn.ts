// iron.agnqso: which of the fitted galaxies and quasars is an active nucleus, and by what sign. Run after zpix,
// photometry and fastspecfit are loaded.
import { hash, part } from './noise.ts'
import { columns, type TableSpec } from './table-spec.ts'

const copies = (names: string[], line: (name: string) => string): string => names.map(line).join('\n')
const agnBits = `CASE WHEN b.spectype = 'QSO' THEN 1 + 2 + CASE WHEN b.u1 < 0.7 THEN 4 ELSE 0 END + CASE
    WHEN b.u2 < 0.92 THEN 8 ELSE 0 END
    + CASE WHEN b.u3 < 0.8 THEN 1024 ELSE 0 END + CASE WHEN b.is_wise THEN 8192 ELSE 0 END
  WHEN b.is_seyfert THEN 1 + 256 + 512 + CASE WHEN b.is_wise THEN 8192 ELSE 0 END WHEN b.is_wise THEN 1 + 8192
  ELSE 0 END`

export const agnqso: TableSpec = {
  schema: 'iron',
  name: 'agnqso',
  description: 'AGN and quasar classification of extragalactic spectra (value-added catalogue).',
  columns: columns(`
targetid | bigint | | DESI target identifier | b.targetid
survey | varchar(7) | | Survey phase | b.survey
program | varchar(6) | | Observing programme | b.program
healpix | integer | | HEALPix pixel, nside 64, nested | b.healpix
z | double precision | | Redshift FastSpecFit used | b.z
zerr | double precision | | Error of z | b.zerr
zwarn | bigint | | Redshift warning bits | b.zwarn
spectype | varchar(6) | | Spectral class | b.spectype
coadd_fiberstatus | integer | | Fibre status bits | b.coadd_fiberstatus
target_ra | double precision | deg | Right ascension | b.ra
target_dec | double precision | deg | Declination | b.dec
coadd_numexp | smallint | | Exposures in the coadd | b.coadd_numexp
coadd_exptime | real | s | Exposure time | b.coadd_exptime
cmx_target | bigint | | Commissioning target bits | b.cmx_target
${copies(['', 'sv1_', 'sv2_', 'sv3_'], (phase) => copies(['desi', 'bgs', 'scnd'], (kind) => `${phase}${kind}_target | bigint | | Target bits, ${phase ? phase.slice(0, 3).toUpperCase() : 'main-survey'} definitions | b.${phase}${kind}_target`))}
agn_maskbits | bigint | | How it was recognised as AGN; 0 when it was not | ${agnBits}
opt_uv_type | bigint | | Optical and UV diagnostic classes |
    CASE WHEN b.is_seyfert THEN 9 WHEN b.spectype = 'GALAXY' THEN 3 ELSE 0 END
ir_type | bigint | | WISE diagnostic classes | CASE WHEN b.is_wise THEN 3 ELSE 0 END
flux_w1 | real | nanomaggy | W1 flux | b.flux_w1
flux_w2 | real | nanomaggy | W2 flux | b.flux_w2
ls_id | bigint | | Legacy Surveys id | b.ls_id
sv_primary | boolean | | Preferred coadd in survey validation | b.sv_primary
zcat_primary | boolean | | Preferred coadd overall | b.zcat_primary
`),
  primaryKey: ['targetid', 'survey', 'program'],
  indexes: [{ name: 'ix_agnqso_maskbits', on: 'agn_maskbits' }],
  sources: [
    `FROM (
  SELECT z.*, p.ra, p.dec, p.flux_w1, p.flux_w2, p.ls_id, ${part('h.h', 0)} AS u1, ${part('h.h', 1)} AS u2,
  ${part('h.h', 2)} AS u3,
         p.flux_w1 > 0 AND p.flux_w2 > p.flux_w1 * 0.865 AS is_wise,
         f.oiii_5007_flux > 2.6 * f.hbeta_flux AND f.nii_6584_flux > 0.6 * f.halpha_flux
         AND f.halpha_flux > 0 AS is_seyfert
  FROM iron.fastspecfit f JOIN iron.zpix z USING (targetid, survey, program)
  JOIN iron.photometry p USING (targetid),
       LATERAL (SELECT ${hash('z.targetid', 80)} AS h) h
) b ORDER BY b.healpix, b.targetid`,
  ],
}
