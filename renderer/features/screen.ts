// How a feature presents itself to the frame: title, address, icon and component. The registry beside this file
// lists them; the frame draws navigation, palette entries and routes from the same list.
import type { Icon } from '@tabler/icons-react'
import type { ComponentType, LazyExoticComponent } from 'react'

export interface Screen {
  id: string
  title: string
  path: string
  icon: Icon
  section: 'lab' | 'research' | 'administration'
  component: LazyExoticComponent<ComponentType> | ComponentType
  /** True when it shows one site and is empty without one. */
  needsSite: boolean
  /** A digit for `mod+digit`. */
  digit?: number
  keywords?: string[]
}
