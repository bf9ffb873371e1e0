// @ts-check
// The ESLint rule behind the layer table of eslint.config.mjs: every import must lead into the file's own room or
// into one that the table allows. Aliases and relative paths are read alike, so neither is a way around.
import { posix, relative, resolve, sep } from 'node:path'

/**
 * @typedef {object} Room
 * @property {string[]} [may] rooms or single files that it may import; its own room always
 * @property {string[]} [types] the same, but for `import type` alone
 * @property {RegExp[]} [packages] what it may import from node_modules and Node; absent = anything
 * @property {RegExp[]} [never] packages that it may not import
 * @property {boolean} [apart] each folder in it is a room of its own
 * @property {string} why shown with a finding
 */

const root = resolve(import.meta.dirname, '..')

/** @param {Record<string, string>} aliases package.json "imports", e.g. `{ '#shared/*': './shared/*' }` */
function createResolver(aliases) {
  const prefixes = Object.entries(aliases).map(([alias, target]) => [
    alias.replace(/\*$/, ''),
    target.replace(/^\.\//, '').replace(/\*$/, ''),
  ])
  /** @param {string} file @param {string} specifier the path inside the repository, or undefined for a package */
  return (file, specifier) => {
    if (/^\.{1,2}(\/|$)/.test(specifier)) return posix.normalize(posix.join(posix.dirname(file), specifier))
    for (const [alias, target] of prefixes)
      if (alias && specifier.startsWith(alias)) return `${target}${specifier.slice(alias.length)}`
    return undefined
  }
}

/** @param {string} path @param {string} place a folder or a single file */
const isIn = (path, place) => path === place || path.startsWith(`${place}/`)

/** @param {string} path @param {Record<string, Room>} rooms */
function roomOf(path, rooms) {
  const names = Object.keys(rooms).filter((name) => isIn(path, name))
  return names.sort((a, b) => b.length - a.length)[0]
}

/**
 * Whether two files of a room whose folders are apart may meet: files directly in the room (its registry, the types
 * they share) are nobody's, and only the registry itself is not for the folders.
 * @param {string} file @param {string} target @param {string} room
 */
function mayMeet(file, target, room) {
  const [folder, other] = [file, target].map((path) => /^([^/]+)\//.exec(path.slice(room.length + 1))?.[1])
  if (folder === undefined || folder === other) return true
  return other === undefined && !/\/index\.tsx?$/.test(target)
}

/**
 * What is wrong with an import, or undefined.
 * @param {{ file: string, specifier: string, isType: boolean }} found
 * @param {Record<string, Room>} rooms @param {ReturnType<typeof createResolver>} resolveImport
 */
function faultOf({ file, specifier, isType }, rooms, resolveImport) {
  const name = roomOf(file, rooms)
  if (name === undefined) return undefined
  const room = /** @type {Room} */ (rooms[name])
  const target = resolveImport(file, specifier)
  if (target === undefined) {
    const isAllowed =
      (room.packages?.some((one) => one.test(specifier)) ?? true) &&
      !room.never?.some((one) => one.test(specifier))
    return isAllowed ? undefined : { name, what: specifier, why: room.why }
  }
  const isAllowed = [...(room.may ?? []), ...(isType ? (room.types ?? []) : [])].some((place) =>
    isIn(target, place),
  )
  const isOwn = roomOf(target, rooms) === name && (!room.apart || mayMeet(file, target, name))
  return isAllowed || isOwn ? undefined : { name, what: target, why: room.why }
}

/** @param {any} node */
const isTypeOnly = (node) =>
  node.importKind === 'type' ||
  node.exportKind === 'type' ||
  node.type === 'TSImportType' ||
  (node.specifiers?.length > 0 &&
    node.specifiers.every((/** @type {any} */ one) => one.importKind === 'type' || one.exportKind === 'type'))

/** @type {import('eslint').Rule.RuleModule} */
export const layerRule = {
  meta: {
    type: 'problem',
    messages: { crossed: '{{name}} may not import {{what}}: {{why}}.' },
    schema: [{ type: 'object' }],
  },
  create(context) {
    const { rooms, aliases } =
      /** @type {{ rooms: Record<string, Room>, aliases: Record<string, string> }} */ (context.options[0])
    const resolveImport = createResolver(aliases)
    const file = relative(root, context.filename).split(sep).join('/')
    /** @param {any} node @param {any} source */
    const check = (node, source) => {
      if (typeof source?.value !== 'string') return
      const fault = faultOf({ file, specifier: source.value, isType: isTypeOnly(node) }, rooms, resolveImport)
      if (fault) context.report({ node: source, messageId: 'crossed', data: fault })
    }
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      /** @param {any} node */
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
    }
  },
}
