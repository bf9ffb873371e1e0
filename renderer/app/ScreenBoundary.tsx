// Keeps one broken screen from taking the frame with it, and offers the way back.
import { Button } from '@mantine/core'
import { IconBug } from '@tabler/icons-react'
import { Component, type ReactNode } from 'react'
import { EmptyState } from '#ui/EmptyState.tsx'

export class ScreenBoundary extends Component<{ children: ReactNode }, { fault: Error | null }> {
  override state: { fault: Error | null } = { fault: null }

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault }
  }

  override render() {
    if (!this.state.fault) return this.props.children
    return (
      <EmptyState
        icon={<IconBug size={40} />}
        title="This screen met a fault"
        action={<Button onClick={() => this.setState({ fault: null })}>Open it again</Button>}
      >
        The rest of Meridian goes on. What the screen said: {this.state.fault.message}
      </EmptyState>
    )
  }
}
