/** Servers that Debian packages and npm does not. Tests that need one are skipped if it is missing. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './postgres.ts'

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/bin']

/** The path of a program; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(existsSync)
}

/** The folder of the programs of Debian's PostgreSQL; undefined if none is installed. */
export function debianPostgres(): string | undefined {
  const root = '/usr/lib/postgresql'
  const [newest] = existsSync(root) ? readdirSync(root).sort((one, other) => Number(other) - Number(one)) : []
  const bin = join(root, newest ?? '', 'bin')
  return newest !== undefined && existsSync(join(bin, 'postgres')) && existsSync(join(bin, 'initdb')) ? bin : undefined
}

export interface RunningProgram extends AsyncDisposable {
  readonly port: number
  readonly process: ChildProcess
}

/** Both refuse to run as root. */
const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** Starts a server, and waits until its port accepts connections. */
async function startProgram(
  path: string,
  argumentsFor: (folder: string, port: number) => Promise<readonly string[]>,
): Promise<RunningProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-program-'))
  await chmod(folder, 0o777)
  const port = await freePort()
  const child = spawn(path, await argumentsFor(folder, port), { ...owner, stdio: 'ignore' })
  for (let tries = 0; !(await accepts(port)); tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error(`${path} did not start`)
    await sleep(50)
  }
  return {
    port,
    process: child,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Starts PgBouncer in front of the server of a URL. Returns a URL with the same database. */
export async function startPgBouncer(
  path: string,
  target: string,
  mode: 'transaction' | 'session',
): Promise<RunningProgram & { readonly url: string }> {
  const { hostname, port, username, password } = new URL(target)
  const program = await startProgram(path, async (folder, ownPort) => {
    const users = join(folder, 'users.txt')
    const config = join(folder, 'pgbouncer.ini')
    await writeFile(users, `"${username}" "${password}"\n`, { mode: 0o644 })
    const lines = [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${ownPort}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${users}`,
      `pool_mode = ${mode}`,
      // In session mode, each connection of the gateway occupies a server connection.
      `default_pool_size = ${mode === 'session' ? 40 : 3}`,
      'server_lifetime = 3600',
    ]
    await writeFile(config, lines.join('\n'), { mode: 0o644 })
    return [config]
  })
  const url = new URL(target)
  url.port = String(program.port)
  return { ...program, url: url.href, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}

/** Starts a Redis server without persistence. */
export async function startRedis(path: string, password?: string): Promise<RunningProgram & { readonly url: string }> {
  const program = await startProgram(path, async (folder, port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    ...(password === undefined ? [] : ['--requirepass', password]),
  ])
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${program.port}`
  return { ...program, url, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
