// @ts-check
// The launcher's words: what `npm start -- …` understands, and the sentences for what it does not. Plain JavaScript
// for any Node from 20 on, with nothing installed; start.mjs is its caller.
import { resolve } from 'node:path'

/**
 * @typedef {object} LaunchRequest
 * @property {boolean} opensDemo
 * @property {'desktop' | 'loopback' | undefined} shell undefined = the desktop where it can be had
 * @property {number | undefined} port of the loopback shell; 0 or undefined = any free one
 * @property {string | undefined} dataDir absolute
 * @property {boolean} opensBrowser
 * @property {boolean} wantsHelp
 */

export const usage = `Meridian runs an astronomy lab's whole cluster from one window.

  npm start                         the desktop application, or the browser where that is not possible
  npm start -- --demo               straight into the demo lab
  npm start -- --shell=loopback     in the browser, served on 127.0.0.1 only (or --shell=desktop)
  npm start -- --port=4711          the port of the browser's shell (else any free one)
  npm start -- --data-dir=PATH      where sites, vault and results are kept
  npm start -- --no-open            print the address, open no browser
  npm start -- --help               this text

Several can be given together. Ctrl-C ends it.`

/** A request that cannot be understood; its message is a sentence for the user. */
export class UsageProblem extends Error {}

const names = ['demo', 'shell', 'port', 'data-dir', 'no-open', 'help']

/**
 * @param {readonly string[]} argv words after the script
 * @param {string} base relative paths start here: the folder in which the user typed the command
 * @returns {LaunchRequest}
 */
export function parseArguments(argv, base) {
  /** @type {LaunchRequest} */
  const request = {
    opensDemo: false,
    shell: undefined,
    port: undefined,
    dataDir: undefined,
    opensBrowser: true,
    wantsHelp: false,
  }
  const words = [...argv]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [name, given] = splitOption(word)
    const value = () => takeValue(given === undefined ? words : [given], name)
    if (name === '--demo' && given === undefined) request.opensDemo = true
    else if (name === '--no-open' && given === undefined) request.opensBrowser = false
    else if ((name === '--help' || name === '-h') && given === undefined) request.wantsHelp = true
    else if (name === '--shell') request.shell = parseShell(value())
    else if (name === '--port') request.port = parsePort(value())
    else if (name === '--data-dir') request.dataDir = resolve(base, value())
    else
      throw new UsageProblem(
        `Meridian does not know the option "${word}".${suggestion(name)} See: npm start -- --help`,
      )
  }
  if (request.shell === 'desktop' && request.port !== undefined)
    throw new UsageProblem(
      'The desktop application opens no port: leave --port away, or take --shell=loopback.',
    )
  return request
}

/** @param {string} word @returns {[string, string | undefined]} */
function splitOption(word) {
  const at = word.indexOf('=')
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, undefined]
}

/** @param {string[]} words @param {string} name @returns {string} */
function takeValue(words, name) {
  const value = words.shift()
  if (value === undefined || value === '' || value.startsWith('--'))
    throw new UsageProblem(`The option ${name} needs a value, like ${name}=…. See: npm start -- --help`)
  return value
}

/** @param {string} text @returns {'desktop' | 'loopback'} */
function parseShell(text) {
  if (text === 'desktop' || text === 'loopback') return text
  throw new UsageProblem(`There is no shell "${text}": take --shell=desktop or --shell=loopback.`)
}

/** @param {string} text @returns {number} */
function parsePort(text) {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65535) return port
  throw new UsageProblem(
    `"${text}" is no port: take a number from 1 to 65535, or leave it away for any free one.`,
  )
}

/** @param {string} name */
function suggestion(name) {
  const bare = name.replace(/^-+/, '')
  const near = names.find((known) => known.startsWith(bare) || bare.startsWith(known))
  return near && bare ? ` Did you mean --${near}?` : ''
}

/** The words for the chosen shell itself. @param {LaunchRequest} request @param {'desktop' | 'loopback'} shell */
export function shellArguments(request, shell) {
  const words = []
  if (request.opensDemo) words.push('--demo')
  if (request.dataDir !== undefined) words.push(`--data-dir=${request.dataDir}`)
  if (shell === 'loopback' && request.port !== undefined) words.push(`--port=${request.port}`)
  if (shell === 'loopback' && !request.opensBrowser) words.push('--no-open')
  return words
}
