// The one client of the page, for components and stores. Set once by main.tsx (or by a test).
import { createContext, useContext, useEffect } from 'react'
import { follow, type Client } from './client.ts'

const ClientContext = createContext<Client | null>(null)
export const ClientProvider = ClientContext.Provider

/** Throws when used outside the provider: a fault of the program, not of the user. */
export function useClient(): Client {
  const client = useContext(ClientContext)
  if (!client) throw new Error('useClient needs a ClientProvider above it')
  return client
}

/** Follows an events procedure while the component is mounted and `key` stays the same; null = do not follow. */
export function useFollow<T>(
  key: string | null,
  start: (client: Client, options: { signal: AbortSignal }) => Promise<AsyncIterable<T>>,
  onEvent: (event: T) => void,
): void {
  const client = useClient()
  useEffect(() => {
    if (key === null) return
    const controller = new AbortController()
    void follow((options) => start(client, options), onEvent, { signal: controller.signal })
    return () => controller.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- read once per key: they close over stores, not props
  }, [client, key])
}
