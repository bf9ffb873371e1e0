// The strictness of the Electron fake: what an object does not have cannot be read, set or listened to. A shell
// that begins to use another API therefore fails its tests until the fake, and so the slice's types, know it.

const harmless = new Set<PropertyKey>([
  'then',
  'toJSON',
  'asymmetricMatch',
  '$$typeof',
  'nodeType',
  'constructor',
])

/** A view of `target` that throws on every property it does not have. */
export function strict<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(object, key, receiver) {
      if (key in object || typeof key === 'symbol' || harmless.has(key))
        return Reflect.get(object, key, receiver) as unknown
      throw new Error(`The Electron fake has no ${name}.${String(key)}`)
    },
    set(_object, key) {
      throw new Error(`Nobody may set ${name}.${String(key)}`)
    },
  })
}

type Listener = (...args: never[]) => void

/** An event source that knows its events by name. */
export class StrictEvents {
  readonly listeners = new Map<string, Listener[]>()
  readonly owner: string
  readonly names: readonly string[]

  constructor(owner: string, names: readonly string[]) {
    this.owner = owner
    this.names = names
  }

  readonly on = (event: string, listener: Listener): void => {
    if (!this.names.includes(event))
      throw new Error(`The Electron fake's ${this.owner} has no event "${event}"`)
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
  }

  /** Calls the listeners in order; throws when there is none, so that no test passes by silence. */
  emit(event: string, ...args: unknown[]): void {
    const heard = this.listeners.get(event)
    if (!heard?.length) throw new Error(`Nobody listens to "${event}" of ${this.owner}`)
    for (const listener of heard) listener(...(args as never[]))
  }
}

/** An Electron event whose default can be prevented. */
export function preventable<T extends object>(extra: T = {} as T) {
  const event = {
    ...extra,
    defaultPrevented: false,
    preventDefault() {
      event.defaultPrevented = true
    },
  }
  return event
}
