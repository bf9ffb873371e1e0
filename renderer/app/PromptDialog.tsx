// Asks what a server wants to know at the login: a one-time code, a second password. One question at a time; when
// another window has answered, or the server has given up, it goes away by itself.
import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { usePrompts } from '#client/prompts.store.ts'
import type { OpenPrompt } from '#shared/contracts/prompts.ts'

export function PromptDialog() {
  const prompt = usePrompts((state) => state.open[0])
  return prompt ? <Question key={prompt.promptId} prompt={prompt} /> : null
}

function Question({ prompt }: { prompt: OpenPrompt }) {
  const client = useClient()
  const [answers, setAnswers] = useState<string[]>(() => prompt.fields.map(() => ''))
  const [isSent, setSent] = useState(false)
  const { promptId } = prompt
  const send = (event: FormEvent): void => {
    event.preventDefault()
    setSent(true)
    void attempt('The answer did not get through', client.prompts.answer({ promptId, answers }))
  }
  const giveUp = (): void => void attempt('The login could not be given up', client.prompts.dismiss({ promptId }))
  return (
    <Modal opened onClose={giveUp} title={`Log in to ${prompt.label}`} closeOnClickOutside={false}>
      <form onSubmit={send}>
        <Stack>
          {[prompt.title, prompt.instructions].filter((text) => text.trim() !== '').map((text) => (
            <Text key={text} size="sm" c="var(--text-dim)" style={{ whiteSpace: 'pre-wrap' }}>
              {text}
            </Text>
          ))}
          {prompt.fields.map((field, index) => {
            const Field = field.isEchoed ? TextInput : PasswordInput
            return (
              <Field
                key={index}
                label={field.text.trim().replace(/:$/, '') || 'Answer'}
                value={answers[index] ?? ''}
                onChange={(event) => {
                  const { value } = event.currentTarget
                  setAnswers((known) => known.map((old, place) => (place === index ? value : old)))
                }}
                autoComplete="off"
                {...(index === 0 ? { 'data-autofocus': true } : {})}
              />
            )
          })}
          <Text size="xs" c="var(--text-dim)">
            The server asks this; the answer is sent to it and kept nowhere.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={giveUp}>
              Give up
            </Button>
            <Button type="submit" loading={isSent}>
              Log in
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
