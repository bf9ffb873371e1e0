// The door as a real browser sees it: what cookies, redirects and the headers it adds really do, against pages of
// another site and of another port of this machine (which a browser counts as the same site).
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from './testing/test-server.ts'

const executablePath = process.env['MERIDIAN_CHROMIUM'] || chromium.executablePath()
const isRoot = process.getuid?.() === 0

// What runs inside a page is text: this room's compiler knows no DOM.
const dialScript = `(origin) => new Promise((settle) => {
  const socket = new WebSocket(origin.replace('http', 'ws') + '/rpc')
  socket.onopen = () => settle('open')
  socket.onerror = () => settle('refused')
})`
/** What an attacker would try: reads, a script, a socket. */
const attackScript = `async (origin) => {
  const read = (mode) => fetch(origin + '/', { mode, credentials: 'include' }).then(
    async (answer) => (answer.type === 'opaque' ? 'opaque' : 'read ' + (await answer.text())),
    () => 'refused',
  )
  const script = new Promise((settle) => {
    const element = document.createElement('script')
    element.src = origin + '/assets/main-1a2b3c4d.js'
    element.onload = () => settle('loaded')
    element.onerror = () => settle('refused')
    document.head.append(element)
  })
  return [await read('cors'), await read('no-cors'), await script, await (${dialScript})(origin)]
}`

describe.skipIf(!existsSync(executablePath))(
  'in a browser (none found: name one in MERIDIAN_CHROMIUM)',
  { timeout: 60_000 },
  () => {
    let browser: Browser
    let context: BrowserContext
    let test: TestServer
    let foreign: Server
    let foreignPort: number
    let link: string
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] })
      foreign = createServer((_request, response) =>
        response.setHeader('content-type', 'text/html').end(`<a href="${link}">to Meridian</a>`),
      )
      await new Promise<void>((settle) => foreign.listen(0, '127.0.0.1', settle))
      foreignPort = (foreign.address() as AddressInfo).port
    })
    afterAll(async () => {
      await browser.close()
      foreign.close()
    })
    beforeEach(async () => {
      test = await startTestServer()
      context = await browser.newContext()
      link = test.server.mintUrl()
    })
    afterEach(async () => {
      await context.close()
      await test.dispose()
    })

    const attack = (page: Page): Promise<string[]> =>
      page.evaluate(`(${attackScript})(${JSON.stringify(test.origin)})`)

    it('opens by the address bar, with a clean address and a socket', async () => {
      const page = await context.newPage()
      await page.goto(link)
      await page.getByText('the page').waitFor()
      expect(page.url()).toBe(`${test.origin}/`)
      expect(await page.evaluate<string>('document.cookie')).toBe('')
      const socket = await page.evaluate<string>(`(${dialScript})(location.origin)`)
      expect(socket).toBe('open')
    })
    it.each(['foreign.localhost', '127.0.0.1'])(
      'opens by a link on a page of %s, as a web terminal shows it',
      async (host) => {
        const page = await context.newPage()
        await page.goto(`http://${host}:${foreignPort}/`)
        await page.getByText('to Meridian').click()
        await page.getByText('the page').waitFor()
        expect(page.url()).toBe(`${test.origin}/`)
      },
    )
    it.each(['foreign.localhost', '127.0.0.1', 'localhost'])(
      'gives a page of %s nothing, although the browser has been let in',
      async (host) => {
        const page = await context.newPage()
        await page.goto(link)
        await page.getByText('the page').waitFor()
        const attacker = await context.newPage()
        await attacker.goto(`http://${host}:${foreignPort}/`)
        expect(await attack(attacker)).toEqual(['refused', 'refused', 'refused', 'refused'])
        await attacker.setContent(`<iframe src="${test.origin}/"></iframe>`)
        await attacker.waitForLoadState('networkidle')
        expect(await attacker.frameLocator('iframe').getByText('the page').count()).toBe(0)
      },
    )
  },
)
