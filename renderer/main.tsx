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
import { setActionProviders } from '#client/entity-actions.store.ts'
import { App } from './app/App.tsx'
import { entityActionProviders } from './features/entity-actions.ts'

const client = createClient(await createCarrier())
startSession(client)
setActionProviders(entityActionProviders)
createRoot(document.getElementById('root')!).render(
  <ClientProvider value={client}>
    <App />
  </ClientProvider>,
)
