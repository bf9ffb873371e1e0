// iron.fastspecfit: the fit of stars and gas to galaxy and quasar coadds, the 107 most used of its columns. Rows
// come from gen.fitted. A zero flux_ivar means that the line lies outside the spectrograph for that redshift.
import { columns, type TableSpec } from './table-spec.ts'

const lineUnit = '1e-17 erg/(s cm2)'
const ivarUnit = '1/(1e-17 erg/(s cm2))^2'
const isSeen = (restWavelength: number): string =>
  `b.z BETWEEN ${(3605 / restWavelength - 1).toFixed(5)} AND ${(9820 / restWavelength - 1).toFixed(5)}`

/** Column stem, vacuum rest wavelength in Å, reader's name, flux in lineUnit over gen.fitted's columns. */
const emission: [stem: string, restWavelength: number, name: string, flux: string][] = [
  ['lyalpha', 1215.67, 'Ly-alpha 1216', 'b.cls * b.f_r * (60 + 30 * b.u1)'],
  ['civ_1549', 1549.06, 'C IV 1549', 'b.cls * b.f_r * (26 + 14 * b.u2)'],
  ['ciii_1908', 1908.73, 'C III] 1909', 'b.cls * b.f_r * (12 + 7 * b.u3)'],
  ['mgii_2796', 2796.352, 'Mg II 2796', 'b.cls * b.f_r * (9 + 6 * b.u1)'],
  ['mgii_2803', 2803.53, 'Mg II 2803', 'b.cls * b.f_r * (8 + 5 * b.u1)'],
  [
    'nev_3426',
    3426.85,
    '[Ne V] 3426',
    'CASE WHEN b.is_agn OR b.cls = 1 THEN 0.05 * b.ha ELSE 0.002 * b.ha END',
  ],
  ['oii_3726', 3727.1, '[O II] 3726', '0.52 * b.ha * (0.5 + b.u2)'],
  ['oii_3729', 3729.86, '[O II] 3729', '0.68 * b.ha * (0.5 + b.u2)'],
  ['neiii_3869', 3869.86, '[Ne III] 3869', '0.06 * b.hb * exp(2.302585 * b.o3)'],
  ['hdelta', 4102.892, 'H-delta', '0.24 * b.hb'],
  ['hgamma', 4341.692, 'H-gamma', '0.45 * b.hb'],
  ['oiii_4363', 4364.436, '[O III] 4363', '0.012 * b.hb * exp(2.302585 * b.o3)'],
  ['heii_4686', 4687.02, 'He II 4686', '0.03 * b.hb'],
  ['hbeta', 4862.71, 'H-beta, narrow', 'b.hb'],
  ['hbeta_broad', 4862.71, 'H-beta, broad', 'b.cls * b.f_r * (10 + 6 * b.u2)'],
  ['oiii_4959', 4960.295, '[O III] 4959', '0.335 * b.hb * exp(2.302585 * b.o3)'],
  ['oiii_5007', 5008.24, '[O III] 5007', 'b.hb * exp(2.302585 * b.o3)'],
  ['oi_6300', 6302.046, '[O I] 6300', 'CASE WHEN b.is_agn THEN 0.1 ELSE 0.03 END * b.ha'],
  ['nii_6548', 6549.861, '[N II] 6548', '0.34 * b.ha * exp(2.302585 * b.n2)'],
  ['halpha', 6564.6, 'H-alpha, narrow', 'b.ha'],
  ['halpha_broad', 6564.6, 'H-alpha, broad', 'b.cls * b.f_r * (32 + 16 * b.u2)'],
  ['nii_6584', 6585.273, '[N II] 6584', 'b.ha * exp(2.302585 * b.n2)'],
  ['sii_6716', 6718.294, '[S II] 6716', '0.2 * b.ha * (0.7 + 0.6 * b.u4)'],
  ['sii_6731', 6732.674, '[S II] 6731', '0.15 * b.ha * (0.7 + 0.6 * b.u4)'],
]

const fluxLines = emission.map(([stem, rest, name, flux]) => {
  const value = `(${flux}) * (1 + 0.02 * b.g2)`
  return `
${stem}_flux | real | ${lineUnit} | Line flux of a Gaussian fit, ${name} |
    CASE WHEN ${isSeen(rest)} THEN ${value} ELSE 0 END
${stem}_flux_ivar | real | ${ivarUnit} | Inverse variance of ${stem}_flux |
    CASE WHEN ${isSeen(rest)} THEN 1 / power(0.7 + 0.6 * b.u3 + 0.02 * (${flux}), 2) ELSE 0 END`
})

const broad = '1600 + 2600 * b.u1'
const kinematics: [
  stem: string,
  restWavelength: number,
  name: string,
  sigma: string,
  shift: string,
  ew: string,
][] = [
  [
    'civ_1549',
    1549.06,
    'C IV',
    `b.cls * (${broad})`,
    'b.cls * (-420 + 380 * b.g1)',
    'b.cls * (22 + 18 * b.u2)',
  ],
  [
    'mgii_2796',
    2796.352,
    'Mg II 2796',
    `b.cls * (${broad}) * 0.8`,
    'b.cls * 120 * b.g2',
    'b.cls * (14 + 12 * b.u1)',
  ],
  [
    'hbeta_broad',
    4862.71,
    'broad H-beta',
    `b.cls * (${broad})`,
    'b.cls * 150 * b.g2',
    'b.cls * (45 + 30 * b.u2)',
  ],
  ['oiii_5007', 5008.24, '[O III] 5007', 'b.sigma', 'b.shift', '3.1 * b.hb * exp(2.302585 * b.o3) / b.f_r'],
  ['halpha', 6564.6, 'narrow H-alpha', 'b.sigma * 0.85', 'b.shift * 0.2', '4.6 * b.ha / b.f_r'],
  [
    'halpha_broad',
    6564.6,
    'broad H-alpha',
    `b.cls * (${broad})`,
    'b.cls * 150 * b.g2',
    'b.cls * (180 + 90 * b.u2)',
  ],
]
const kinematicLines = kinematics.map(
  ([stem, rest, name, sigma, shift, ew]) => `
${stem}_sigma | real | km/s | Gaussian width, ${name} | CASE WHEN ${isSeen(rest)} THEN ${sigma} ELSE 0 END
${stem}_vshift | real | km/s | Velocity shift from z, ${name} |
    CASE WHEN ${isSeen(rest)} THEN ${shift} ELSE 0 END
${stem}_ew | real | Angstrom | Rest-frame equivalent width, ${name} |
    CASE WHEN ${isSeen(rest)} THEN ${ew} ELSE 0 END`,
)

const continuum = `
targetid | bigint | | DESI target identifier | b.targetid
survey | varchar(7) | | Survey phase | 'main'
program | varchar(6) | | Observing programme | CASE b.prog WHEN 3 THEN 'bright' ELSE 'dark' END
healpix | integer | | HEALPix pixel, nside 64, nested | b.hpx
ra | double precision | deg | Right ascension | b.ra
dec | double precision | deg | Declination | b.dec
z | double precision | | Redshift the fit used | b.z
z_rr | double precision | | Redrock's own redshift |
    CASE WHEN b.cls = 1 AND b.u4 < 0.0015 THEN b.z * 0.55 ELSE b.z END
zwarn | smallint | | Redshift warning bits | 0
deltachi2 | double precision | | Redrock's chi-squared gap | greatest(9.6, exp(2.302585 * (2.7 + 0.5 * b.g3)))
spectype | varchar(6) | | Spectral class | CASE b.cls WHEN 0 THEN 'GALAXY' ELSE 'QSO' END
photsys | char(1) | | Imaging: N north, S south | CASE WHEN b.is_north THEN 'N' ELSE 'S' END
flux_g | real | nanomaggy | Total g flux, dust corrected here, unlike photometry |
    b.f_r * CASE WHEN b.is_red THEN 0.4 ELSE 0.63 END
flux_r | real | nanomaggy | Total r flux, dust corrected | b.f_r
flux_z | real | nanomaggy | Total z flux, dust corrected | b.f_r * CASE WHEN b.is_red THEN 1.8 ELSE 1.4 END
flux_w1 | real | nanomaggy | Total W1 flux, dust corrected | b.f_r * (1.2 + 2 * b.z)
flux_w2 | real | nanomaggy | Total W2 flux, dust corrected |
    b.f_r * CASE WHEN b.cls = 1 THEN 2.4 ELSE 0.8 + 1.3 * b.z END
rchi2 | real | | Reduced chi-squared of the whole fit | 1.02 + 0.09 * b.u2
vdisp | real | km/s | Stellar velocity dispersion |
    CASE WHEN b.cls = 1 OR b.f_r < 2 THEN 125 ELSE greatest(50, 40 + 75 * (b.logmstar - 9.4) + 20 * b.g2) END
vdisp_ivar | real | (km/s)^-2 | Inverse variance of vdisp; 0 when it was fixed |
    CASE WHEN b.cls = 1 OR b.f_r < 2 THEN 0 ELSE 0.003 * b.f_r END
tauv | real | | V-band optical depth of the stars | CASE WHEN b.is_red THEN 0.3 ELSE 0.9 END * b.u3
age | real | Gyr | Light-weighted age | CASE WHEN b.is_red THEN 5.5 + 3 * b.u2 ELSE 1.2 + 3.5 * b.u2 END
zzsun | real | | Log stellar metallicity, solar units |
    -0.35 + 0.3 * (least(11.6, b.logmstar) - 10) + 0.12 * b.g3
logmstar | real | log10 Msun | Log stellar mass (h = 1, Chabrier) | b.logmstar
logmstar_ivar | real | | Inverse variance of logmstar | 60 + 400 * b.u3
sfr | real | Msun/yr | Star-formation rate (h = 1, Chabrier) | b.sfr
sfr_ivar | real | | Inverse variance of sfr | 1 / power(0.05 + 0.3 * b.sfr, 2)
dn4000 | real | | Narrow 4000 A break, lines removed | b.dn4000
dn4000_obs | real | | Narrow 4000 A break as observed | b.dn4000 * (1 + 0.01 * b.g1)
dn4000_ivar | real | | Inverse variance of both breaks | 300 + 2000 * b.u1
dn4000_model | real | | Narrow 4000 A break of the model | b.dn4000 * (1 + 0.005 * b.g2)
absmag01_sdss_r | real | mag | SDSS r absolute magnitude at z = 0.1, h = 1 | b.absmag_r
absmag01_sdss_g | real | mag | SDSS g absolute magnitude at z = 0.1, h = 1 |
    b.absmag_r + CASE WHEN b.is_red THEN 0.93 ELSE 0.52 END + 0.04 * b.g3
logl_1450 | real | log10 1e10 Lsun | Luminosity at 1450 A |
    CASE WHEN b.cls = 1 THEN 1.6 - 0.4 * (b.rmag - 20) + 1.1 * ln(b.z + 0.1) ELSE 0 END
logl_3000 | real | log10 1e10 Lsun | Luminosity at 3000 A |
    CASE WHEN b.cls = 1 THEN 1.5 - 0.4 * (b.rmag - 20) + 1.1 * ln(b.z + 0.1) ELSE 0 END
logl_5100 | real | log10 1e10 Lsun | Luminosity at 5100 A |
    CASE WHEN b.cls = 1 THEN 1.35 - 0.4 * (b.rmag - 20) + 1.1 * ln(b.z + 0.1) ELSE 0 END
snr_b | real | | Median S/N per pixel, blue arm | 0.35 * power(b.f_r, 0.8)
snr_r | real | | Median S/N per pixel, red arm | 0.9 * power(b.f_r, 0.8)
snr_z | real | | Median S/N per pixel, near-infrared arm | 1.2 * power(b.f_r, 0.8)
apercorr | real | | Median aperture correction | CASE WHEN b.cls = 1 THEN 1.01 ELSE 1.4 + 1.3 * b.u1 END
delta_linechi2 | real | | Chi-squared gain of broad lines | CASE WHEN b.cls = 1 THEN 400 * b.u1 ELSE 0 END
${fluxLines.join('')}
${kinematicLines.join('')}
`

export const fastspecfit: TableSpec = {
  schema: 'iron',
  name: 'fastspecfit',
  description:
    'FastSpecFit of galaxies and quasars (value-added catalogue): masses, breaks and line fluxes. Lines outside the spectrum have flux_ivar 0.',
  columns: columns(continuum),
  primaryKey: ['targetid', 'survey', 'program'],
  indexes: [
    { name: 'ix_fastspecfit_z', on: 'z' },
    { name: 'ix_fastspecfit_logmstar', on: 'logmstar' },
    { name: 'ix_fastspecfit_dec', on: 'dec' },
  ],
  sources: ['FROM gen.fitted b WHERE b.is_kept ORDER BY b.t'],
}
