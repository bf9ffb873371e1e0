// A process that starts the small lab in the directory given as its argument, says which servers it runs, and
// waits to be killed. Only for the test that kills it.
import { startSmallLab } from './small-lab.ts'

const lab = await startSmallLab(process.argv[2] ?? '')
process.stdout.write(`${JSON.stringify(lab.demo.servers.map((server) => server.processId))}\n`)
setInterval(() => undefined, 60_000)
