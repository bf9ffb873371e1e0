// Draws the dialog that an action has opened, above whatever screen is shown.
import { useDialog } from '#client/dialogs.store.ts'

export function DialogHost() {
  return useDialog((state) => state.content)
}
