// A client for component tests: give it the procedures the test needs; any other call fails the test by name.
import type { Client } from '#client/client.ts'

/** The procedures a test provides; each may be less exact than the contract's: a test says only what it needs. */
export type Procedures = DeepPartial<Client>

type DeepPartial<T> = { [K in keyof T]?: T[K] extends (...args: never[]) => unknown ? T[K] : DeepPartial<T[K]> }

/** Unlisted procedures reject with a sentence that names them. */
export function fakeClient(procedures: Procedures): Client {
  const wrap = (value: unknown, path: string): unknown =>
    new Proxy(Object.assign(() => undefined, {}), {
      get: (_target, key) => {
        const next = (value as Record<PropertyKey, unknown> | undefined)?.[key]
        return typeof next === 'function' ? next : wrap(next, `${path}.${String(key)}`)
      },
      apply: () => Promise.reject(new Error(`The test did not expect a call of ${path}`)),
    })
  return wrap(procedures, 'client') as Client
}
