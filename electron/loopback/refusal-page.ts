// The few pages that are shown without a session. Self-contained: no script, no file, nothing of the application.

const page = (title: string, paragraphs: readonly string[], extraHead = ''): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${extraHead}<title>${title}</title>
<style>
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; padding: 2rem }
h1 { font-size: 1.5rem; font-weight: 600 }
kbd { border: 1px solid; border-radius: 4px; padding: 0 .4em; font: inherit }
</style>
</head>
<body><main>
<h1>${title}</h1>
${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}
</main></body>
</html>
`

const howToOpen =
  'Press <kbd>Enter</kbd> in the terminal in which Meridian runs: it prints a fresh address that works once.'

/** 401: no session. */
export const openFromTerminalPage = page('Open Meridian from its terminal', [
  'This address belongs to a Meridian that runs on this machine, and this browser has not been let in.',
  howToOpen,
])

/** 401: the token was used already, or never was one. */
export const tokenUsedPage = page('This address was used already', [
  'Each address that Meridian prints lets one browser in, once.',
  howToOpen,
])

/** 403: another user of this machine. */
export const otherUserPage = page('This Meridian belongs to somebody else', [
  'It was started by another user of this machine and answers to that user only. Start your own with <kbd>npm start</kbd>.',
])

/**
 * 200: the way on after a token that came by a link of another site. A redirect would count as that site's own, and
 * the browser would keep the new cookie back; a page of ours may ask again.
 */
export const welcomePage = page(
  'Opening Meridian',
  ['If nothing happens, <a href="/">go on</a>.'],
  '<meta http-equiv="refresh" content="0;url=/">\n',
)
