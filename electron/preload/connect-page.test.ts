// What the preload script does for the page, and what it does not do for anybody else.
import { describe, expect, it } from 'vitest'
import { connectPage, type IpcSlice, type PageWindow } from './connect-page.ts'

function createPage() {
  const sent: string[] = []
  const posted: Array<{ message: unknown; origin: string; transfer: unknown[] }> = []
  let hear: Parameters<PageWindow['addEventListener']>[1] = () => undefined
  let answer: Parameters<IpcSlice['on']>[1] = () => undefined
  const page: PageWindow = {
    location: { origin: 'app://meridian' },
    addEventListener: (_name, listener) => void (hear = listener),
    postMessage: (message, origin, transfer) => void posted.push({ message, origin, transfer }),
  }
  connectPage(
    {
      send: (channel, ...args) => void sent.push([channel, ...args].join()),
      on: (channel, listener) => {
        expect(channel).toBe('meridian:ports')
        answer = listener
      },
    },
    page,
  )
  return {
    page,
    sent,
    posted,
    hear: (event: Parameters<typeof hear>[0]) => hear(event),
    answer: (ports: unknown[]) => answer({ ports: ports as never }),
  }
}
const request = { type: 'meridian:connect' }

describe('the preload script', () => {
  it("asks the main process when the page asks, again after each of the page's requests", () => {
    const { page, sent, hear } = createPage()
    expect(sent).toEqual([])
    hear({ source: page, origin: 'app://meridian', data: request })
    hear({ source: page, origin: 'app://meridian', data: request })
    expect(sent).toEqual(['meridian:connect', 'meridian:connect'])
  })

  it('hears no other window, origin or message', () => {
    const { page, sent, hear } = createPage()
    hear({ source: {}, origin: 'app://meridian', data: request })
    hear({ source: null, origin: 'app://meridian', data: request })
    hear({ source: page, origin: 'https://example.com', data: request })
    for (const data of [null, undefined, 'meridian:connect', 7, {}, { type: 'meridian:ports' }])
      hear({ source: page, origin: 'app://meridian', data })
    expect(sent).toEqual([])
  })

  it('hands the ports to its own origin only, and nothing with them', () => {
    const { posted, answer } = createPage()
    answer(['rpc', 'doors'])
    expect(posted).toEqual([
      { message: { type: 'meridian:ports' }, origin: 'app://meridian', transfer: ['rpc', 'doors'] },
    ])
  })
})
