// Kubernetes quantities (`250m`, `1634Ki`, `4`, `1e3`) as plain numbers. Pure.

const suffixes: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** Undefined for anything that is not a quantity. */
export function parseQuantity(quantity: string | number | null | undefined): number | undefined {
  if (typeof quantity === 'number') return quantity
  const [, digits, suffix = ''] =
    /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(quantity ?? '') ?? []
  const factor = suffixes[suffix]
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}
