// The vault's procedures: its state and how to open it. No secret comes out through here.
import { contract } from '#shared/contracts/index.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'

export function createVaultFeature(core: Pick<CoreServices, 'vault' | 'sites' | 'pipeline'>) {
  const { vault, sites } = core
  const os = implementFeature(contract.vault, core.pipeline)
  const ending = new AbortController()

  /** Which secrets are known changes when the vault opens: lists of sites show it. */
  async function announceSites(): Promise<void> {
    let state = vault.status().state
    for await (const status of vault.changes.subscribe(ending.signal)) {
      if (status.state !== state) sites.announce()
      state = status.state
    }
  }
  void announceSites()

  const router = os.router({
    status: os.status.handler(() => vault.status()),
    watch: os.watch.handler(({ signal, context }) =>
      vault.changes.subscribe(signal ?? context.peer.signal, vault.status()),
    ),
    create: os.create.handler(({ input }) => vault.create(input.passphrase)),
    unlock: os.unlock.handler(({ input }) => vault.unlock(input.passphrase)),
    lock: os.lock.handler(() => vault.lock()),
    changePassphrase: os.changePassphrase.handler(({ input }) =>
      vault.changePassphrase(input.current, input.next),
    ),
    touch: os.touch.handler(() => vault.touch()),
  })
  return { router, dispose: () => ending.abort() } satisfies Feature<typeof router>
}
