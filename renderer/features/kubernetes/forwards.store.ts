// The forwarded ports as the core has them; kept live by the screen.
import { create } from 'zustand'
import type { Forward } from '#shared/contracts/kubernetes.ts'

export const useForwards = create<{ forwards: Forward[] }>(() => ({ forwards: [] }))
