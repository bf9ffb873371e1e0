// Lint: the layer table of docs/architecture.md, and the few rules that have caught real faults.
import tseslint from 'typescript-eslint'
import reactHooks from 'eslint-plugin-react-hooks'

/** Imports as they look in the source; gitignore-like globs would read `#` as a comment, so these are expressions. */
const core = '^#core/|/electron/core/'
const lab = '^#demo/|/electron/demo/'
const page = '^#(client|ui)/|/renderer/'
const electron = '^electron(/|$)'

/**
 * Who must not import whom: the first entry that fits a file names all that it may not reach for, the later ones add.
 * @type {Array<{ files: string[], never: string[], why: string }>}
 */
const layers = [
  { files: ['shared/**'], never: [core, lab, page, electron, '^node:', '^(react|pg|ws|ssh2)$', '/electron/'], why: 'shared knows no other room, no Node and no DOM' },
  { files: ['renderer/**'], never: [core, lab, electron, '^node:', '/electron/'], why: 'the page reaches the core through the contract only' },
  { files: ['renderer/ui/**'], never: ['^#client/', '/features/', '/app/', '/client/'], why: 'widgets know no feature and no client' },
  { files: ['renderer/client/**'], never: ['^#ui/', '/features/', '/app/', '/ui/'], why: 'the client knows no screen' },
  { files: ['electron/core/**'], never: [electron, lab, page, '/electron/(main|loopback|preload)/', '\\.\\./(main|loopback|demo)/'], why: 'the core knows neither its shell nor the demo lab' },
  { files: ['electron/loopback/**', 'electron/demo/**'], never: [electron, page], why: 'only the desktop shell imports electron' },
  { files: ['electron/demo/**'], never: ['^#core/(?!platform\\.ts$)', '/electron/core/'], why: 'the demo lab shares nothing with the core that connects to it' },
  { files: ['renderer/features/*/**', 'electron/core/features/*/**'], never: ['^\\.\\./(?!\\.\\./)[a-z][^/]*/', '^\\.\\./\\.\\./(?!\\.\\.)[a-z-]+/[a-z-]+\\.(service|store)\\.ts$'], why: 'features never import each other: meet in shared/model or the contract' },
]

/** Test files may reach further: they stand between rooms. */
const tests = ['**/*.test.{ts,tsx}', '**/testing/**']

/** Flat config lets a later entry replace an earlier one, so each set of files gets the sum of what holds for it. */
const layerRules = layers
  .flatMap((layer) => layer.files)
  .map((glob) => ({
    files: [`${glob}/*.{ts,tsx}`],
    ignores: tests,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: layers
            .filter((layer) => layer.files.some((wide) => isWithin(glob, wide)))
            .map(({ never, why }) => ({ regex: never.join('|'), message: why })),
        },
      ],
    },
  }))

/** @param {string} glob @param {string} wide */
function isWithin(glob, wide) {
  const base = wide.slice(0, wide.indexOf('*'))
  return glob === wide || glob.startsWith(base)
}

export default tseslint.config(
  { ignores: ['out/', 'release/', 'node_modules/', 'coverage/', 'test-results/', 'playwright-report/'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.base],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      'no-eval': 'error',
      'no-debugger': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
      'no-var': 'error',
    },
  },
  ...layerRules,
  {
    files: ['renderer/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error', 'no-implied-eval': 'error', 'no-new-func': 'error' },
  },
)
