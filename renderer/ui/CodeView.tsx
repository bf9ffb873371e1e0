// Text with structure, to read or to edit: YAML, JSON, plain. And two versions of it side by side with what differs.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, defaultHighlightStyle, foldGutter, foldKeymap, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { MergeView } from '@codemirror/merge'
import { search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'

export type CodeLanguage = 'yaml' | 'json' | 'text'

const languages: Record<CodeLanguage, () => Extension> = { yaml, json, text: () => [] }

const darkStyle = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: '#9aa8ff' },
  { tag: [tags.string, tags.content], color: '#8fd6a5' },
  { tag: [tags.number, tags.bool, tags.null], color: '#ffd479' },
  { tag: tags.comment, color: '#8f98b5', fontStyle: 'italic' },
  { tag: tags.keyword, color: '#7cd4e8' },
])
const surface = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', backgroundColor: 'var(--surface)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)' },
  '.cm-gutters': { backgroundColor: 'var(--surface-raised)', color: 'var(--text-dim)', border: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-panels': { backgroundColor: 'var(--surface-raised)', color: 'var(--mantine-color-text)' },
})

const colorsFor = (scheme: 'light' | 'dark'): Extension => [
  syntaxHighlighting(scheme === 'dark' ? darkStyle : defaultHighlightStyle),
  EditorView.theme({}, { dark: scheme === 'dark' }),
]

const shared = (label: string, language: CodeLanguage): Extension => [
  lineNumbers(), foldGutter(), drawSelection(), bracketMatching(), search({ top: true }), surface, EditorView.lineWrapping,
  languages[language](),
  // Focusable in words that checkers know: the keyboard scrolls what is longer than its box.
  EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
]

interface CodeViewProps {
  /** What assistive technology calls it. */
  label: string
  value: string
  language: CodeLanguage
  /** Absent = read only. */
  onChange?: (value: string) => void
}

export function CodeView({ label, value, language, onChange }: CodeViewProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const colors = useRef(new Compartment())
  const change = useRef(onChange)
  change.current = onChange
  const isReadOnly = onChange === undefined
  const scheme = useComputedColorScheme('dark')
  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          shared(label, language), history(), colors.current.of([]),
          keymap.of([...searchKeymap, ...foldKeymap, ...historyKeymap, ...defaultKeymap, ...(isReadOnly ? [] : [indentWithTab])]),
          EditorState.readOnly.of(isReadOnly),
          EditorView.updateListener.of((update) => update.docChanged && change.current?.(update.state.doc.toString())),
        ],
      }),
    })
    view.current = editor
    return () => editor.destroy()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new text is dispatched below, not a new editor
  }, [label, language, isReadOnly])
  useEffect(() => view.current?.dispatch({ effects: colors.current.reconfigure(colorsFor(scheme)) }), [scheme, label, language, isReadOnly])
  useEffect(() => {
    const editor = view.current
    if (!editor || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])
  return <div ref={host} style={{ height: '100%', minHeight: 0, overflow: 'hidden' }} />
}

/** Before on the left, after on the right, both read only, equal parts folded. */
export function CodeDiff(props: { label: string; before: string; after: string; language: CodeLanguage }) {
  const { label, before, after, language } = props
  const host = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('dark')
  useEffect(() => {
    const side = (name: string): Extension => [shared(`${label}, ${name}`, language), colorsFor(scheme), EditorState.readOnly.of(true)]
    const merge = new MergeView({
      parent: host.current!,
      a: { doc: before, extensions: side('before') },
      b: { doc: after, extensions: side('after') },
      collapseUnchanged: { margin: 3, minSize: 6 },
    })
    return () => merge.destroy()
  }, [label, before, after, language, scheme])
  return <div ref={host} style={{ height: '100%', minHeight: 0, overflow: 'auto' }} />
}
