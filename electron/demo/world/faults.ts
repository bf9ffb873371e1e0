// Which service of the lab misbehaves right now, and who wants to know. Set by the demo feature and by tests, read
// by every demo server. Holds no effect of its own: each server applies the fault in its own protocol.
import type { FaultKind, FaultPlan, FaultService } from '../context.ts'

/** A fault plan with nothing wrong. Setting the fault that already holds tells nobody. */
export function createFaultPlan(): FaultPlan {
  const faults = new Map<FaultService, FaultKind>()
  const listeners = new Set<(service: FaultService, fault: FaultKind | undefined) => void>()
  return {
    set(service, fault) {
      if (faults.get(service) === fault) return
      if (fault === undefined) faults.delete(service)
      else faults.set(service, fault)
      for (const listener of [...listeners]) listener(service, fault)
    },
    get: (service) => faults.get(service),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
