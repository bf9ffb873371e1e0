// Reading the arguments of rule functions: a value of another kind is a fault of the rule, never a silent default.
import { RuleFault, typeWord } from '../rules/rule-fault.ts'

export type Row = Record<string, unknown>

export const asText = (value: unknown): string => {
  if (typeof value === 'string') return value
  throw new RuleFault(`Expected a text, found ${typeWord(value)}.`)
}
export const asRow = (value: unknown): Row => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row
  throw new RuleFault(`Expected a record, found ${typeWord(value)}.`)
}
export const asRows = (value: unknown): Row[] => {
  if (Array.isArray(value)) return value.map(asRow)
  throw new RuleFault(`Expected a list, found ${typeWord(value)}.`)
}
/** The value of a fanned-out probe; the reason when it could not be read. */
export function readOf(item: Row): unknown {
  if (typeof item['problem'] === 'string') throw new RuleFault(item['problem'], 'unread')
  return item['value']
}
export const textField = (row: Row, name: string): string => {
  const value = row[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
export const rowsField = (row: Row, name: string): Row[] => (Array.isArray(row[name]) ? asRows(row[name]) : [])
export const textsField = (row: Row, name: string): string[] =>
  Array.isArray(row[name]) ? row[name].filter((one): one is string => typeof one === 'string') : []
export const isYes = (value: unknown): boolean => value === true || value === 1 || value === '1' || value === 'true'
