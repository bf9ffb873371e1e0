// Compares what a demo route says of its parameters with the official description, so that the demo server refuses
// what the real one refuses. Used by the conformance tests of the Proxmox VE and PBS servers.
import type { Route } from '../api2/routes.ts'
import { findOperation, type ApiDescription, type Schema } from './api-description.ts'

/** Differences between a route's own specs and the description; empty when it is neither laxer nor stricter. */
export function compareParameters(api: ApiDescription, route: Route<never>): string[] {
  const match = findOperation(api, route.method, route.template.replaceAll(/\{(\w+)\}/g, 'x'))
  if (!match) return [`${route.method} ${route.template} is not described`]
  const described = match.operation.parameters ?? {}
  const problems: string[] = []
  for (const [name, spec] of Object.entries(route.parameters)) {
    const known: Schema | undefined = described[name]
    if (!known) {
      problems.push(`${name} is not described`)
      continue
    }
    if (known.type !== spec.kind) problems.push(`${name} is a ${known.type}`)
    if (Boolean(known.optional) !== Boolean(spec.isOptional))
      problems.push(`${name} optional: ${known.optional ?? 0}`)
    if (known.requires !== spec.requires) problems.push(`${name} requires ${known.requires}`)
    if ((known.enum ?? []).join() !== (spec.oneOf ?? []).join())
      problems.push(`${name} is one of ${known.enum?.join()}`)
    if (known.minimum !== undefined && known.minimum !== spec.minimum)
      problems.push(`${name} is at least ${known.minimum}`)
    if (known.maximum !== undefined && known.maximum !== spec.maximum)
      problems.push(`${name} is at most ${known.maximum}`)
  }
  const inPath = new Set(Object.keys(match.pathValues))
  const needed = Object.entries(described).filter(([name, spec]) => !spec.optional && !inPath.has(name))
  for (const [name] of needed) if (!(name in route.parameters)) problems.push(`${name} is needed`)
  return problems
}
