import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { run, start } from '../support/command.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../support/database.ts'
import { until } from '../support/until.ts'

async function listening() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

async function freePort(): Promise<number> {
  const { server, port } = await listening()
  server.close()
  await once(server, 'close')
  return port
}

const statusOf = (port: number, path: string) =>
  fetch(`http://127.0.0.1:${port}${path}`).then(
    ({ status }) => status,
    () => undefined,
  )

it('npm start forwards SIGTERM, so that the port is free afterwards', async () => {
  const port = await freePort()
  const { url } = untilTestEnds(await cloneDatabase('V2'))
  const npm = spawn('npm', ['start', '--', '--port', String(port), '--database-url', url], { stdio: 'ignore' })
  onTestFinished(() => void npm.kill('SIGKILL'))
  await until('the gateway is healthy', async () => (await statusOf(port, '/health')) === 200)
  npm.kill('SIGTERM')
  await until('the gateway has ended', async () => (await statusOf(port, '/live')) === undefined)
})

it('Ctrl+C under npm start, which reaches the gateway from the terminal and from npm, still drains it', async () => {
  const port = await freePort()
  const { url } = untilTestEnds(await cloneDatabase('V2'))
  // A process group of its own, like that of a command in a terminal.
  const npm = spawn('npm', ['start', '--', '--port', String(port), '--database-url', url], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, DRAIN_MS: '1500' },
    detached: true,
  })
  const signalGroup = (signal: NodeJS.Signals) => process.kill(-(npm.pid ?? Number.NaN), signal)
  onTestFinished(() => {
    if (npm.exitCode === null && npm.signalCode === null) signalGroup('SIGKILL')
  })
  const [printed, ended] = [text(npm.stdout), once(npm, 'exit')]
  await until('the gateway is healthy', async () => (await statusOf(port, '/health')) === 200)
  signalGroup('SIGINT')
  expect(await ended).toEqual([0, null])
  expect(await printed).toMatch(/Stopping on SIGINT/)
})

it('serve without a database listens on its port first, then reports that it creates the demo', async () => {
  const { server, port } = await listening()
  onTestFinished(() => void server.close())
  const refused = await run(['serve', '--port', String(port)])
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/^Port \d+ of 127.0.0.1 is in use/)
  const running = start(['serve', '--port', '0'])
  onTestFinished(() => void running.child.kill('SIGKILL'))
  expect(await running.printed('demo')).toBe('Making the demo database…\n')
})

it('serve --wait is live but not ready until the database is reachable, and then serves it', async () => {
  const { url } = untilTestEnds(await cloneDatabase('V2'))
  const [port, databasePort] = [await freePort(), await freePort()]
  const absent = new URL(url)
  const real = { host: absent.hostname, port: Number(absent.port) }
  absent.host = `127.0.0.1:${databasePort}`
  const running = start(['serve', '--wait', '--port', String(port), '--database-url', absent.href])
  onTestFinished(() => void running.child.kill('SIGKILL'))
  expect(await running.printed('Waiting for the database')).toMatch(/cannot be used: .*start PostgreSQL/)
  expect([await statusOf(port, '/live'), await statusOf(port, '/ready'), await statusOf(port, '/graphql')]).toEqual([
    200, 503, 503,
  ])
  const proxy = createServer((client) => {
    const upstream = connect(real)
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
  }).listen(databasePort, '127.0.0.1')
  onTestFinished(() => void proxy.close())
  await running.printed('Stop with Ctrl+C')
  expect(await statusOf(port, '/health')).toBe(200)
  running.child.kill('SIGTERM')
  const { code, stdout } = await running.finished
  expect([code, stdout.match(/Waiting/g)?.length]).toEqual([0, 1])
})

it('serve --wait exits on SIGTERM while it waits', async () => {
  const running = start(['serve', '--wait', '--port', '0', '--database-url', 'postgres://u@127.0.0.1:1/sipis'])
  onTestFinished(() => void running.child.kill('SIGKILL'))
  await running.printed('Waiting for the database')
  running.child.kill('SIGTERM')
  expect((await running.finished).code).toBe(0)
})

it('serve --wait does not wait for a database that has no tables of SIPIS', async () => {
  const own = untilTestEnds(await emptyDatabase())
  const { code, stderr } = await run(['serve', '--wait', '--port', '0', '--database-url', own.url])
  expect([code, stderr]).toEqual([1, expect.stringMatching(/No SIPIS table/)])
})
