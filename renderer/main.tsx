// The page's composition root: carrier, client, session, frame.
import '#client/strict-csp.ts'
import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/spotlight/styles.css'
import './app/app.css'
import { createRoot } from 'react-dom/client'
import { createCarrier } from '#client/carrier.ts'
import { createClient } from '#client/client.ts'
import { ClientProvider } from '#client/client-context.ts'
import { startSession } from '#client/session.store.ts'
import { App } from './app/App.tsx'

const client = createClient(await createCarrier())
startSession(client)
createRoot(document.getElementById('root')!).render(
  <ClientProvider value={client}>
    <App />
  </ClientProvider>,
)
