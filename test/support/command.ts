/** Runs the command line in a new process. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { dirname } from 'node:path'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** Resolves with the output so far, once it contains a text. */
  printed(text: string): Promise<string>
  finished: Promise<Finished>
}

const own =
  /^(PG|DATABASE_|HOST$|PORT$|SIPIS_|LOG_|AUTH_|API_KEYS|LIMIT_|RATE_|TRUST|CORS_|SETTINGS_|AUDIT_|METRICS_|ACCESS_LOG$|OTEL_|FEDERATION_)/

/** Set by global-setup.ts to the bundle, which starts four times as fast as the sources. */
const { TEST_COMMAND_LINE: bundle } = process.env
export const commandLine = bundle ?? 'src/cli/main.ts'
/** Files that a command writes into its working directory are removed together with the bundle. */
const inOwnFolder = bundle === undefined ? {} : { cwd: dirname(bundle) }

export function start(args: readonly string[], environment: Record<string, string> = {}): Running {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
  const child = spawn(process.execPath, [commandLine, ...args], {
    ...inOwnFolder,
    // Balancers are given a second to notice that a gateway stops, which is of use where a test is about stopping.
    env: { ...inherited, DRAIN_MS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const heard = new EventEmitter()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard.emit('text')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard.emit('text')
  })
  const finished = once(child, 'close').then(([code]) => ({ code, stdout, stderr }))
  return {
    child,
    finished,
    async printed(text) {
      while (!(stdout + stderr).includes(text)) {
        // A killed process has no exit code.
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`It ended with ${child.exitCode ?? child.signalCode}:\n${stdout}${stderr}`)
        await Promise.race([once(heard, 'text'), finished])
      }
      return stdout + stderr
    },
  }
}

export function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  return start(args, environment).finished
}
