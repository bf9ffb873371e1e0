// The functions that rules may call: texts, numbers, times and the small formats that commands print. Pure. Each checks
// its arguments and throws a RuleFault, so that a rule never goes on with a value of another kind.
import { BlockList, isIP } from 'node:net'
import { RuleFault, typeWord } from './rule-fault.ts'

export type RuleFunction = (...args: unknown[]) => unknown

const maxPatternText = 1_000_000
const dayMs = 86_400_000

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  throw new RuleFault(`Expected a text, found ${typeWord(value)}.`)
}
const listOf = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value
  throw new RuleFault(`Expected a list, found ${typeWord(value)}.`)
}
const toNumber = (value: unknown): number => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new RuleFault(`Expected a number, found ${typeof value === 'string' ? `“${value}”` : typeWord(value)}.`)
}
const pattern = (text: unknown, flags = ''): RegExp => new RegExp(textOf(text), `u${flags}`)
const searched = (text: unknown): string => textOf(text).slice(0, maxPatternText)
const isYes = (value: unknown): boolean =>
  value === true || value === 1 || (typeof value === 'string' && /^(1|true|yes|on)$/i.test(value))
const linesOf = (text: unknown): string[] =>
  textOf(text)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** `a.b.c` compares as numbers, part by part; what follows a dash or plus is left out. */
function compareVersions(left: unknown, right: unknown): number {
  const parts = (value: unknown): number[] =>
    (textOf(value).match(/\d+/g) ?? []).slice(0, 4).map(Number)
  const [a, b] = [parts(left), parts(right)]
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = (a[index] ?? 0) - (b[index] ?? 0)
    if (order !== 0) return order
  }
  return 0
}

function isInNetwork(address: unknown, cidr: unknown): boolean {
  const ip = textOf(address).split('/')[0] ?? ''
  const [network = '', prefix = ''] = textOf(cidr).split('/')
  const family = isIP(network)
  if (isIP(ip) === 0 || isIP(ip) !== family) return false
  const list = new BlockList()
  try {
    list.addSubnet(network, Number(prefix || (family === 4 ? 32 : 128)), family === 4 ? 'ipv4' : 'ipv6')
    return list.check(ip, family === 4 ? 'ipv4' : 'ipv6')
  } catch {
    throw new RuleFault(`“${textOf(cidr)}” is not a network.`)
  }
}

/** `key value…` or `key=value`, one a line, keys in lower case: `sshd -T`, `sysctl`, os-release. */
function pairs(text: unknown, separator: unknown = '='): Record<string, string> {
  const mark = textOf(separator)
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  for (const line of linesOf(text)) {
    const at = line.indexOf(mark)
    if (at <= 0) continue
    found[line.slice(0, at).trim().toLowerCase()] = line.slice(at + mark.length).trim().replace(/^"(.*)"$/, '$1')
  }
  return found
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(textOf(text)) as unknown
  } catch {
    throw new RuleFault('The answer is not JSON.')
  }
}

function parseTime(text: unknown): number {
  const ms = Date.parse(textOf(text))
  if (Number.isNaN(ms)) throw new RuleFault(`“${textOf(text)}” is not a time.`)
  return ms
}

/** `virtio=AA:BB,bridge=vmbr0,firewall=1` → its parts; a part without `=` is true. */
function options(text: unknown): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  for (const part of textOf(text).split(/[,\s]+/)) {
    const [key = '', value] = part.split(/=(.*)/s)
    if (key !== '') found[key] = value ?? '1'
  }
  return found
}

/** Does a calendar event of Proxmox or PBS run each day at `hh:mm`? Understands `hh:mm`, `daily` and day ranges. */
function runsDailyAt(schedule: unknown, wanted: unknown): boolean {
  const text = textOf(schedule).trim().toLowerCase()
  const [hour = 0, minute = 0] = textOf(wanted).split(':').map(Number)
  if (text === 'daily') return hour === 0 && minute === 0
  const match = /^(?:(?:mon\.\.sun|\*-\*-\*|daily)\s+)?(\d{1,2}(?:[,/.]+\d{1,2})*):(\d{1,2})(?::00)?$/.exec(text)
  if (!match) return false
  const hours = match[1]!.split(',').map(Number)
  return hours.includes(hour) && Number(match[2]) === minute
}

export const ruleFunctions: Readonly<Record<string, RuleFunction>> = {
  size: (value) => (typeof value === 'string' ? value.length : typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).length : listOf(value).length),
  yes: isYes,
  number: toNumber,
  isNumber: (value) => typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))),
  text: (value) => (value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)),
  lower: (value) => textOf(value).toLowerCase(),
  trim: (value) => textOf(value).trim(),
  startsWith: (value, start) => textOf(value).startsWith(textOf(start)),
  endsWith: (value, end) => textOf(value).endsWith(textOf(end)),
  contains: (value, part) => (Array.isArray(value) ? value.includes(part) : textOf(value).includes(textOf(part))),
  matches: (value, text) => pattern(text).test(searched(value)),
  matchesAnyCase: (value, text) => pattern(text, 'i').test(searched(value)),
  /** The groups of the first match, the whole match first; empty without one. */
  capture: (value, text) => [...(pattern(text).exec(searched(value)) ?? [])].map((one) => one ?? ''),
  findAll: (value, text) => [...searched(value).matchAll(pattern(text, 'gm'))].map((one) => one[1] ?? one[0]),
  split: (value, mark) => (textOf(value) === '' ? [] : textOf(value).split(textOf(mark))),
  words: (value) => textOf(value).split(/\s+/).filter((word) => word !== ''),
  lines: linesOf,
  join: (list, mark) => listOf(list).map(String).join(textOf(mark)),
  pairs,
  options,
  json: parseJson,
  keys: (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RuleFault(`Expected a record, found ${typeWord(value)}.`)
    return Object.keys(value)
  },
  isList: (value) => Array.isArray(value),
  isText: (value) => typeof value === 'string',
  distinct: (list) => [...new Set(listOf(list))],
  minus: (list, other) => {
    const left = new Set(listOf(other))
    return listOf(list).filter((item) => !left.has(item))
  },
  first: (list) => listOf(list)[0] ?? null,
  max: (list) => (listOf(list).length === 0 ? null : Math.max(...listOf(list).map(toNumber))),
  min: (list) => (listOf(list).length === 0 ? null : Math.min(...listOf(list).map(toNumber))),
  sum: (list) => listOf(list).map(toNumber).reduce((left, right) => left + right, 0),
  absolute: (value) => Math.abs(toNumber(value)),
  round: (value) => Math.round(toNumber(value)),
  days: (count) => toNumber(count) * dayMs,
  hours: (count) => (toNumber(count) * dayMs) / 24,
  /** Seconds since 1970, as most APIs give them, in the milliseconds of `now`. */
  seconds: (value) => toNumber(value) * 1000,
  time: parseTime,
  /** Milliseconds since midnight UTC of that moment. */
  timeOfDay: (value) => toNumber(value) % dayMs,
  date: (value) => new Date(toNumber(value)).toISOString().slice(0, 10),
  versionAtLeast: (version, wanted) => compareVersions(version, wanted) >= 0,
  compareVersions,
  inNetwork: isInNetwork,
  isAddress: (value) => isIP(textOf(value).split('/')[0] ?? '') !== 0,
  runsDailyAt,
}
