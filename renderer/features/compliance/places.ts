// Where things of the compliance screens are: every view is an address, so that Back, links and reloads work.
import { navigate } from '#client/location.ts'

export const views = ['overview', 'controls', 'findings', 'runs', 'exceptions', 'lists', 'scans', 'signed'] as const
export type View = (typeof views)[number]

export const showView = (view: View): void => navigate('/compliance', { view })
export const showControl = (controlId: number, safeguardId?: string): void =>
  navigate('/compliance', { view: 'controls', control: String(controlId), ...(safeguardId ? { safeguard: safeguardId } : {}) })
export const showFinding = (checkId: string, targetId: string): void =>
  navigate('/compliance', { view: 'findings', check: checkId, target: targetId })
export const showFindings = (verdict: string): void => navigate('/compliance', { view: 'findings', verdict })
export const showComparison = (from: string, to: string): void => navigate('/compliance', { view: 'runs', from, to })
export const showList = (list: string): void => navigate('/compliance', { view: 'lists', list })

const day = 86_400_000
/** The value of a date field, so many days from now. */
export const dateIn = (days: number): string => new Date(Date.now() + days * day).toISOString().slice(0, 10)
/** The end of that day. */
export const endOf = (date: string): number => Date.parse(`${date}T23:59:59Z`)
