// Floating-point numbers as PostgreSQL prints them since version 12: the fewest digits that read back exactly, and
// an exponent where PostgreSQL would write one. For exports and array literals; pure.

/** A float8 as `float8out` prints it. */
export const shortestFloat8 = (value: number): string => layOut(value, String(Math.abs(value)), 15)

/** A float4 as `float4out` prints it. `value` must already be single precision. */
export function shortestFloat4(value: number): string {
  const size = Math.abs(value)
  for (let digits = 1; digits <= 9 && Number.isFinite(size); digits += 1) {
    const text = size.toPrecision(digits)
    if (Math.fround(Number(text)) === size) return layOut(value, text, 6)
  }
  return layOut(value, String(size), 6)
}

/** PostgreSQL writes an exponent when it is below -4 or at least `fixedDigits`. */
function layOut(value: number, shortest: string, fixedDigits: number): string {
  if (Number.isNaN(value)) return 'NaN'
  const minus = value < 0 || Object.is(value, -0) ? '-' : ''
  if (!Number.isFinite(value)) return `${minus}Infinity`
  if (value === 0) return `${minus}0`
  const { digits, exponent } = decimalOf(shortest)
  if (exponent < -4 || exponent >= fixedDigits) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${minus}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (exponent < 0) return `${minus}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return fraction ? `${minus}${whole}.${fraction}` : `${minus}${whole}`
}

/** Significant digits without zeros at either end, and the power of ten of the first. */
function decimalOf(text: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  const leading = /^0*/.exec(all)![0].length
  return {
    digits: all.slice(leading).replace(/0+$/, ''),
    exponent: whole.length - 1 - leading + Number(power),
  }
}
