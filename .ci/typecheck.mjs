// Type-checks every room with its own lib and types: a room that reaches for what it must not have does not compile.
import { spawn } from 'node:child_process'

const rooms = ['shared', 'electron', 'renderer', 'e2e', 'bench']

/** @param {string} room @returns {Promise<boolean>} */
const check = (room) =>
  new Promise((settle) => {
    const child = spawn(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', room], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    child.stdout.on('data', (chunk) => (printed += chunk))
    child.on('exit', (code) => {
      if (printed) process.stdout.write(printed)
      console.log(`${code === 0 ? '✓' : '✗'} types of ${room}`)
      settle(code === 0)
    })
  })

// Two at a time: each needs a core and about a gigabyte.
const results = []
const waiting = [...rooms]
await Promise.all(
  [1, 2].map(async () => {
    for (let room = waiting.shift(); room; room = waiting.shift()) results.push(await check(room))
  }),
)
process.exitCode = results.every(Boolean) ? 0 : 1
