import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { commandLine, run, start } from '../support/command.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { until } from '../support/until.ts'

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-output-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

const isHealthy = (port: number) =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    ({ ok }) => ok,
    () => false,
  )

it.each([
  ['is closed', '| true'],
  ['and standard error are a full disk', '>/dev/full 2>&1'],
])('serve continues if standard output %s', async (_, redirection) => {
  const { url } = untilTestEnds(await cloneDatabase('V2'))
  const port = await freePort()
  const command = `{ "$0" "$2" serve --port ${port} --database-url "$1" & echo $! >&3; wait $!; echo $? >&3; } ${redirection}`
  const child = spawn('bash', ['-c', command, process.execPath, url, commandLine], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stdio[3]?.on('data', (chunk) => {
    said += chunk
  })
  await until('the gateway is healthy', () => isHealthy(port))
  const pid = Number(said.trim())
  onTestFinished(() => void child.kill('SIGKILL'))
  process.kill(pid, 'SIGTERM')
  await until('the gateway has ended', () => said.trim().split('\n').length === 2)
  expect(said.trim().split('\n')).toEqual([String(pid), '0'])
})

it('SIGHUP makes serve reopen the audit log without stopping', async () => {
  const folder = await folderOfTest()
  const [audit, keys] = [join(folder, 'audit'), join(folder, 'keys')]
  const { stdout: key } = await run(['key', 'create', '--name', 'one', '--scope', 'sipis:read', '--file', keys])
  const running = start(['serve', '--port', '0', '--database-url', untilTestEnds(await cloneDatabase('V2')).url], {
    AUDIT_LOG: audit,
    API_KEYS_FILE: keys,
  })
  onTestFinished(() => void running.child.kill('SIGKILL'))
  const [address] = /http:\/\/[^/\s]+/.exec(await running.printed('Stop with Ctrl+C')) ?? []
  const ask = async () => {
    const answer = await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key.trim()}` },
      body: '{"query":"{ viewer { name } }"}',
    })
    expect(answer.status).toBe(200)
  }
  await ask()
  await until('the first line is written', async () => (await readFile(audit, 'utf8')) !== '')
  await rename(audit, `${audit}.1`)
  running.child.kill('SIGHUP')
  await until('the file is there again', async () => {
    await ask()
    return existsSync(audit)
  })
  running.child.kill('SIGTERM')
  expect((await running.finished).code).toBe(0)
  expect(await readFile(audit, 'utf8')).toMatch(/"who":"key:/)
})

it('serve stops when its terminal is closed, which also sends SIGHUP', async () => {
  const port = await freePort()
  const { url } = untilTestEnds(await cloneDatabase('V2'))
  const command = `exec ${process.execPath} ${commandLine} serve --port ${port} --database-url ${url}`
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
    stdio: ['pipe', openSync('/dev/null', 'w'), 'ignore'],
  })
  await until('the gateway is healthy', () => isHealthy(port))
  terminal.kill('SIGKILL')
  await until('the gateway has ended', async () => !(await isHealthy(port)))
})
