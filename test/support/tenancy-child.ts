import cluster from 'node:cluster'
import { nodeEnvironment } from '../../stores/file/environment.ts'
import { SessionLocks } from '../../stores/file/lock.ts'
import { Tenancy } from '../../stores/file/tenancy/tenancy.ts'

const [directory = '', mode] = process.argv.slice(2)
const tenancy = new Tenancy({
  environment: nodeEnvironment,
  directory,
  locks: new SessionLocks(nodeEnvironment),
  onTenureEnd: async () => {},
})
let end: (() => void) | undefined

const tasks: Readonly<Record<string, () => unknown>> = {
  join: () => tenancy.join().then(() => 'joined', String),
  isSole: () => tenancy.isSole,
  begin: () => {
    end = tenancy.begin()
    return end !== undefined
  },
  end: () => end?.(),
  leave: () => tenancy.leave(),
  /** The worker of a cluster joins; its process id. */
  fork: () => {
    cluster.setupPrimary({ args: [directory, 'worker'] })
    const worker = cluster.fork()
    return new Promise((resolve) => {
      worker.once('message', () => resolve(worker.process.pid))
    })
  },
}

if (mode === undefined) {
  process.on('message', async (task: string) => {
    const answer = await tasks[task]?.()
    process.send?.(answer ?? null)
  })
} else {
  await tenancy.join()
  process.send?.(tenancy.isSole)
  if (mode === 'once') process.disconnect()
  else setInterval(() => {}, 60_000)
}
