// How a feature presents itself to the frame: title, address, icon and component. The registry beside this file
// lists them; the frame draws navigation, palette entries and routes from the same list.
import type { Icon } from '@tabler/icons-react'
import type { ComponentType, LazyExoticComponent } from 'react'

export interface Screen {
  id: string
  title: string
  path: string
  icon: Icon
  section: 'lab' | 'protection' | 'research' | 'administration'
  component: LazyExoticComponent<ComponentType> | ComponentType
  /** True when it shows one site and is empty without one. */
  needsSite: boolean
  /** As Mantine's useHotkeys writes it: `mod+2`. */
  shortcut?: string
  /** Reached by links and the palette only: the page of one thing, a pop-out window. */
  isHidden?: boolean
  /** A window of its own: drawn without navigation and bars. */
  isBare?: boolean
  keywords?: string[]
  /** Shown at its entry in the navigation: a count of what waits there. */
  badge?: ComponentType
}
