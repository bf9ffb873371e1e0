// The tasks that fill desi_dr1, from the survey's footprint to the last catalogue, ordered so that the longest chain
// (targets, redshifts, quasars, spectra) starts first. Part of desi-plan.ts.
import { agnqso } from './agn.ts'
import { fastspecfit } from './fastspecfit.ts'
import { fittedSql } from './galaxies.ts'
import { exposure, pointingSql, tile } from './observing.ts'
import { photometry } from './photometry.ts'
import { inDr1, loadTable, whole, type PlanTask } from './plan.ts'
import { balQso, civAbsorber, qsoArd, qsoCat, quasarSql } from './quasars.ts'
import { brickSql, pixelSql, skyFunctionsSql } from './sky.ts'
import { gridSql, qsoSpectra, spectraShare, templateSql } from './spectra.ts'
import { indexSql, qualified } from './table-spec.ts'
import { coaddSql, splitRows, targetSql } from './targets.ts'
import { memberSql, voidSql, voidTables } from './voids.ts'
import { zpix } from './zpix.ts'

/** Sample sizes when there are enough rows to draw from; small demos keep everything. */
const wanted = { brightFits: 40_000, darkFits: 22_000 } as const
/** Measured shares of zpix rows that qualify for each sample. */
export const eligible = { bright: 0.3, dark: 0.375, quasars: 0.0722 } as const
/** Of 1024 rows, how many to keep for `count` of `available`. */
export const shareFor = (count: number, available: number): number =>
  Math.min(1024, Math.ceil((1024 * count) / Math.max(1, available)))
/** One quasar in 300 has its spectrum kept, and never fewer than a dozen: they are the costliest rows. */
const quasarShare = (zpixRows: number): number =>
  spectraShare(Math.max(12, Math.min(240, zpixRows / 4_000)), zpixRows * eligible.quasars)

/** Footprint, targets, zpix and photometry. */
function survey(zpixRows: number): PlanTask[] {
  const { targets, repeats } = splitRows(zpixRows)
  return [
    inDr1(
      'sky',
      'Choosing where the telescope looked',
      0.2,
      [],
      [
        `${skyFunctionsSql};\n${pixelSql(targets)};\n${brickSql};\n${coaddSql};\nANALYZE gen.pixel;\nANALYZE gen.brick_row`,
      ],
    ),
    inDr1(
      'targets a',
      'Placing galaxies, quasars and stars',
      1.5,
      ['sky'],
      [targetSql('target_a', repeats, 'low')],
    ),
    inDr1(
      'targets b',
      'Placing galaxies, quasars and stars',
      1.5,
      ['sky'],
      [targetSql('target_b', repeats, 'high')],
    ),
    inDr1(
      'zpix',
      `Writing ${zpixRows.toLocaleString('en')} redshifts`,
      9.2,
      ['targets a', 'targets b'],
      [...loadTable(zpix), 'VACUUM (FREEZE, ANALYZE) iron.zpix'],
    ),
    inDr1(
      'photometry',
      'Writing photometry of every target',
      7.6,
      ['targets a', 'targets b'],
      [...loadTable(photometry), 'VACUUM (FREEZE, ANALYZE) iron.photometry'],
    ),
  ]
}

/** Last, since nothing waits for them: they fill the gaps that the long tasks leave. */
function surveyIndexes(): PlanTask[] {
  return [
    ...[
      ...zpix.indexes.map((index) => ({ table: zpix, index })),
      ...photometry.indexes.map((index) => ({ table: photometry, index })),
    ].map(({ table, index }) =>
      inDr1(index.name, `Indexing ${qualified(table)}`, 0.4, [table.name], [indexSql(table, index)]),
    ),
    inDr1(
      'zpix key',
      'Linking redshifts to photometry',
      1,
      ['zpix', 'photometry', ...zpix.indexes.map((index) => index.name)],
      [
        'ALTER TABLE iron.zpix ADD CONSTRAINT zpix_targetid_fkey FOREIGN KEY (targetid) REFERENCES iron.photometry',
      ],
    ),
  ]
}

/** Everything derived from the survey. */
function catalogues(zpixRows: number): PlanTask[] {
  const bright = shareFor(wanted.brightFits, zpixRows * eligible.bright)
  const dark = shareFor(wanted.darkFits, zpixRows * eligible.dark)
  const foreignKeys = [fastspecfit, agnqso].map(
    (table) => `ALTER TABLE ${qualified(table)} ADD FOREIGN KEY (targetid) REFERENCES iron.photometry`,
  )
  const maximalsKey =
    'ALTER TABLE iron.desivast_voidfinder_holes ADD FOREIGN KEY (galactic_cap, void) REFERENCES iron.desivast_voidfinder_maximals'
  return [
    inDr1('quasars', 'Choosing quasars', 0.8, ['zpix', 'photometry'], [quasarSql]),
    whole(qsoSpectra(quasarShare(zpixRows)), 3.3, ['quasars'], [templateSql, gridSql]),
    inDr1(
      'fitted',
      'Fitting galaxies',
      1.4,
      ['targets a', 'targets b'],
      [fittedSql(bright, dark), 'ANALYZE gen.fitted (t, kind, is_kept)'],
    ),
    whole(fastspecfit, 1.5, ['fitted']),
    whole(agnqso, 2, ['zpix', 'photometry', 'fastspecfit']),
    whole(qsoCat, 0.5, ['quasars']),
    whole(balQso, 1.3, ['quasars']),
    whole(civAbsorber, 0.3, ['quasars']),
    whole(qsoArd, 0.3, ['quasars']),
    whole(tile, 0.1, ['sky'], [pointingSql]),
    whole(exposure, 0.1, ['tile']),
    inDr1('voids', 'Finding cosmic voids', 1.2, ['fastspecfit'], [voidSql, 'ANALYZE gen.void', memberSql]),
    ...voidTables.map((table) => whole(table, 0.1, ['voids'])),
    inDr1(
      'links',
      'Linking catalogues to photometry',
      0.3,
      ['photometry', 'fastspecfit', 'agnqso', ...voidTables.map((table) => table.name), 'exposure'],
      [
        [
          ...foreignKeys,
          maximalsKey,
          'ALTER TABLE iron.exposure ADD FOREIGN KEY (tileid) REFERENCES iron.tile',
        ].join(';\n'),
      ],
    ),
  ]
}

export const desiDr1Tasks = (zpixRows: number): PlanTask[] => [
  ...survey(zpixRows),
  ...catalogues(zpixRows),
  ...surveyIndexes(),
]
