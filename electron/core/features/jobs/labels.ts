// The names under which a job is found again, on every kind of target. A submission's id is decided before anything is
// sent; object names follow from it, so that a second attempt meets the first one instead of repeating it.

export const submissionLabel = 'meridian.io/submission'
export const managedByLabel = 'app.kubernetes.io/managed-by'
export const managedBy = 'meridian'
export const annotation = (name: string): string => `meridian.io/${name}`

/** `Void statistics, z < 0.24` and its submission → `void-statistics-z-0-24-1f3a9c02`: a DNS label of at most 50 letters. */
export function objectNameOf(name: string, submissionId: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return `${slug || 'job'}-${submissionId.replaceAll('-', '').slice(0, 8)}`
}

/** Where a script's run directory lies, below the home of the user. */
export const runDirectoryOf = (submissionId: string): string => `.meridian/jobs/${submissionId}`

/** `scratch.meridian_1f3a9c02`: the snapshot of a query, made once for its submission. */
export const snapshotTableOf = (schema: string, submissionId: string): string =>
  `${schema}.meridian_${submissionId.replaceAll('-', '').slice(0, 12)}`
