// Kubernetes quantities ("250m", "64Gi", "1234Ki") to numbers and back. Used by the scheduler, quotas and metrics.

const factors: Record<string, number> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/** The plain number a quantity stands for (cores, bytes, pieces); NaN when the text is not a quantity. */
export function parseQuantity(quantity: unknown): number {
  if (typeof quantity === 'number') return quantity
  if (typeof quantity !== 'string') return Number.NaN
  const match = /^([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(quantity)
  const factor = match === null ? undefined : factors[match[2] ?? '']
  return match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor
}

export const quantityOr = (quantity: unknown, otherwise: number): number => {
  const value = parseQuantity(quantity)
  return Number.isNaN(value) ? otherwise : value
}

/** Cores as the API prints them: whole cores bare, the rest in thousandths. */
export const printCores = (cores: number): string => {
  const thousandths = Math.round(cores * 1000)
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`
}

/** Bytes in the largest binary unit that keeps them whole. */
export function printBytes(bytes: number): string {
  let value = Math.round(bytes)
  if (value === 0) return '0'
  for (const unit of ['', 'Ki', 'Mi', 'Gi']) {
    if (unit === 'Gi' || value % 1024 !== 0) return `${value}${unit}`
    value /= 1024
  }
  return String(value)
}
