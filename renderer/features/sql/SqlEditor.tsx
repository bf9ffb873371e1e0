// The editor: CodeMirror with PostgreSQL's dialect, completion from the live catalogue with units and descriptions,
// and the position of the last error underlined.
import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { PostgreSQL, sql as sqlLanguage, type SQLNamespace } from '@codemirror/lang-sql'
import { bracketMatching, defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state'
import { Decoration, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder, type DecorationSet } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { modName } from '#ui/keys.ts'
import type { Catalog } from '#shared/contracts/sql.ts'

export interface EditorHandle {
  /** The selection, or the whole text with the cursor's place. */
  read(): { text: string; selection: string; cursor: number; selectionStart: number }
  insert(text: string): void
  focus(): void
}

interface SqlEditorProps {
  value: string
  catalog: Catalog | null
  /** Character offset of the last error in the text, or null. */
  errorAt: number | null
  onChange(text: string): void
  onRun(): void
  onReady(handle: EditorHandle): void
}

const setError = StateEffect.define<number | null>()
const errorMark = Decoration.mark({ class: 'sql-error-mark' })
const errorField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    if (transaction.docChanged) marks = Decoration.none
    for (const effect of transaction.effects) if (effect.is(setError)) marks = marksAt(transaction.state, effect.value)
    return marks
  },
  provide: (field) => EditorView.decorations.from(field),
})

function marksAt(state: EditorState, at: number | null): DecorationSet {
  if (at === null || at < 0 || at >= state.doc.length) return Decoration.none
  const word = state.wordAt(at)
  const builder = new RangeSetBuilder<Decoration>()
  builder.add(word?.from ?? at, word?.to ?? Math.min(state.doc.length, at + 1), errorMark)
  return builder.finish()
}

const darkStyle = HighlightStyle.define([
  { tag: tags.keyword, color: '#9aa8ff', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: '#8fd6a5' },
  { tag: tags.number, color: '#ffd479' },
  { tag: tags.comment, color: '#8f98b5', fontStyle: 'italic' },
  { tag: tags.typeName, color: '#7cd4e8' },
  { tag: tags.operator, color: '#c4cae0' },
])
const surface = EditorView.theme({
  '&': { height: '100%', fontSize: '13.5px', backgroundColor: 'var(--surface)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)' },
  '.cm-gutters': { backgroundColor: 'var(--surface-raised)', color: 'var(--text-dim)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--surface-sunken) 60%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface-raised)', border: '1px solid var(--line)', color: 'var(--mantine-color-text)' },
  '.cm-placeholder': { color: 'var(--text-dim)' },
  '.sql-error-mark': { textDecoration: 'underline wavy var(--health-error) 1.5px', textUnderlineOffset: '3px' },
})

/** Tables and columns for completion: schema → table → columns, each with its type, unit and description. */
function namespaceOf(catalog: Catalog): SQLNamespace {
  const bySchema = Map.groupBy(catalog.tables, (table) => table.schema)
  return Object.fromEntries(
    [...bySchema].map(([schema, tables]) => [
      schema,
      Object.fromEntries(
        tables.map((table) => [
          table.name,
          {
            self: { label: table.name, type: 'type', detail: table.kind, ...(table.comment ? { info: table.comment } : {}) },
            children: table.columns.map((column) => ({ label: column.name, type: 'property', detail: column.type, ...(column.comment ? { info: column.comment } : {}) })),
          },
        ]),
      ),
    ]),
  )
}

const languageOf = (catalog: Catalog | null) => {
  const schemas = catalog ? [...new Set(catalog.tables.map((table) => table.schema))] : []
  const main = schemas.includes('public') ? 'public' : schemas[0]
  return sqlLanguage({ dialect: PostgreSQL, upperCaseKeywords: true, ...(catalog ? { schema: namespaceOf(catalog) } : {}), ...(main ? { defaultSchema: main } : {}) })
}

export function SqlEditor(props: SqlEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const language = useRef(new Compartment())
  const colors = useRef(new Compartment())
  const latest = useRef(props)
  latest.current = props
  const scheme = useComputedColorScheme('dark')

  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          keymap.of([{ key: 'Mod-Enter', preventDefault: true, run: () => (latest.current.onRun(), true) }]),
          lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightSelectionMatches(),
          autocompletion({ icons: true }), errorField, surface, EditorView.lineWrapping,
          placeholder(`Write SQL here. ${modName} Enter runs the statement at the cursor, or the selection.`),
          keymap.of([...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
          language.current.of(languageOf(latest.current.catalog)),
          colors.current.of([]),
          EditorView.contentAttributes.of({ 'aria-label': 'SQL editor' }),
          EditorView.updateListener.of((update) => update.docChanged && latest.current.onChange(update.state.doc.toString())),
        ],
      }),
    })
    view.current = editor
    latest.current.onReady({
      read: () => {
        const { from, to, head } = editor.state.selection.main
        return { text: editor.state.doc.toString(), selection: editor.state.sliceDoc(from, to), cursor: head, selectionStart: from }
      },
      insert: (text) => {
        editor.dispatch(editor.state.replaceSelection(text))
        editor.focus()
      },
      focus: () => editor.focus(),
    })
    return () => editor.destroy()
  }, [])
  useEffect(() => view.current?.dispatch({ effects: language.current.reconfigure(languageOf(props.catalog)) }), [props.catalog])
  useEffect(() => {
    const style = syntaxHighlighting(scheme === 'dark' ? darkStyle : defaultHighlightStyle)
    view.current?.dispatch({ effects: colors.current.reconfigure([style, EditorView.theme({}, { dark: scheme === 'dark' })]) })
  }, [scheme])
  useEffect(() => view.current?.dispatch({ effects: setError.of(props.errorAt) }), [props.errorAt])
  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === props.value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.value } })
  }, [props.value])
  return <div ref={host} style={{ height: '100%', overflow: 'hidden' }} />
}
