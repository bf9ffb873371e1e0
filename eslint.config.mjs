// Lint: the layer table of docs/architecture.md, and the few rules that have caught real faults.
import tseslint from 'typescript-eslint'
import reactHooks from 'eslint-plugin-react-hooks'

/**
 * Who must not import whom. `files` may not import anything that matches `never`; the words are shown with the finding.
 * Imports within a room are relative or by its own alias, imports between rooms always by alias.
 */
const layers = [
  {
    files: ['shared/**/*.ts'],
    never: ['#core/*', '#demo/*', '#client/*', '#ui/*', 'node:*', 'electron', 'react', 'pg', 'ws', '**/electron/**', '**/renderer/**'],
    why: 'shared knows no other room, no Node and no DOM',
  },
  {
    files: ['renderer/**/*.{ts,tsx}'],
    never: ['#core/*', '#demo/*', 'electron', 'node:*', '**/electron/**'],
    why: 'the page reaches the core through the contract only',
  },
  {
    files: ['renderer/ui/**/*.{ts,tsx}'],
    never: ['#client/*', '**/features/**', '**/app/**'],
    why: 'widgets know no feature and no client',
  },
  {
    files: ['renderer/client/**/*.{ts,tsx}'],
    never: ['#ui/*', '**/features/**', '**/app/**'],
    why: 'the client knows no screen',
  },
  {
    files: ['electron/core/**/*.ts'],
    never: ['electron', '**/main/**', '**/loopback/**', '#client/*', '#ui/*', '**/renderer/**'],
    why: 'the core does not know its shell',
  },
  {
    files: ['electron/loopback/**/*.ts', 'electron/demo/**/*.ts'],
    never: ['electron', '#client/*', '#ui/*', '**/renderer/**'],
    why: 'only the desktop shell imports electron',
  },
]

/** Test files may reach further: they stand between rooms. */
const tests = ['**/*.test.{ts,tsx}', '**/testing/**']

/** @param {string} room @param {string} extension */
const featuresApart = (room, extension) => ({
  files: [`${room}/*/**/*.${extension}`],
  ignores: tests,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...layers.filter((layer) => layer.files.some((glob) => room.startsWith(glob.split('/**')[0] ?? ''))).flatMap((layer) => [{ group: layer.never, message: layer.why }]),
          { regex: '^\\.\\./(?!\\.\\./)[a-z][^/]*/', message: 'features never import each other: meet in shared/model or the contract' },
        ],
      },
    ],
  },
})

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
  ...layers.map(({ files, never, why }) => ({
    files,
    ignores: tests,
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: never, message: why }] }] },
  })),
  {
    files: ['electron/core/**/*.ts'],
    ignores: tests,
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['electron', '**/main/**', '**/loopback/**', '#demo/*', '**/electron/demo/**', '#client/*', '#ui/*'], message: 'the core knows neither its shell nor the demo lab' }] }],
    },
  },
  featuresApart('electron/core/features', 'ts'),
  featuresApart('renderer/features', '{ts,tsx}'),
  {
    files: ['renderer/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error', 'no-implied-eval': 'error', 'no-new-func': 'error' },
  },
)
