import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { commandLine } from '../support/command.ts'
import { rowCounts } from '../support/copying.ts'
import { emptyDatabase, untilTestEnds } from '../support/database.ts'
import { asAdmin, urlOf } from '../support/templates.ts'

/** The commands of the runbook, in their order. */
async function commands(): Promise<string[]> {
  const text = await readFile('docs/migration.md', 'utf8')
  return text.split('\n').flatMap((line) => (line.startsWith('    ') ? [line.trim()] : []))
}

const program = (text: string) => `#!/bin/sh\n${text}\n`

describe('The commands of docs/migration.md', () => {
  it('migrate a v1 database of SIPIS and bring it back, to the letter', async () => {
    const server = new URL(inject('serverUrl'))
    const source = untilTestEnds(await emptyDatabase('SQL_ASCII'))
    await source.sql(await readFile('test/support/sipis-v1.sql', 'utf8'))
    await source.sql(`INSERT INTO selectors (selector) SELECT 'selector ' || n FROM generate_series(1, 5) n`)
    await source.sql(`INSERT INTO sipcalls (id, scheme, userdisplayname, username, domain, domainport, callid, time)
      SELECT id, 'sip', 'n', 'u', 'd', 5060, 'c', now() FROM selectors`)
    await source.sql(`INSERT INTO pushtests SELECT 'p', 'x', now(), NULL, n FROM generate_series(1, 9) n`)
    await source.sql(`INSERT INTO restart (id, name, value, server) SELECT id, 'n', 'v', 'Sipis1' FROM selectors`)
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-runbook-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const database = new URL(source.url).pathname.slice(1)
    const open = `host=${server.hostname} port=${server.port} dbname=${database} user=${server.username}`
    await writeFile(join(folder, 'Settings.xml'), `<Sipis><Database OpenString="${open}"/></Sipis>`)

    // Databases of the runbook get names of their own on the shared server; SIPIS itself is not here.
    const run = inject('run')
    const names = ['sipis4_rehearsal', 'sipis4', 'sipis3']
    const own = (text: string) =>
      text.replaceAll(/\b(sipis4_rehearsal|sipis4|sipis3)\b/g, (name) => `gateway_${run}_${name}`)
    onTestFinished(async () => {
      for (const name of names)
        await asAdmin(server.href, (admin) => admin.query(`DROP DATABASE IF EXISTS ${own(name)} WITH (FORCE)`))
    })
    const main = resolve(commandLine)
    const programs = {
      'sipis-gateway': `exec "${process.execPath}" "${main}" "$@"`,
      CreateSipisDb: 'DATABASE_URL="$1" exec sipis-gateway init',
      systemctl: 'echo "$@" >> systemctl.log',
    }
    for (const [name, text] of Object.entries(programs)) {
      await writeFile(join(folder, name), program(text))
      await chmod(join(folder, name), 0o755)
    }
    const environment = {
      ...process.env,
      PATH: `${folder}:${process.env['PATH']}`,
      PGHOST: server.hostname,
      PGPORT: server.port,
      PGUSER: server.username,
      PGPASSWORD: decodeURIComponent(server.password),
    }
    const script = own((await commands()).join('\n'))
    const { stdout } = await promisify(execFile)('bash', ['-euxc', script], { cwd: folder, env: environment })

    expect(stdout).toMatch(
      /Ready to copy[\s\S]*Rehearsal: all was done but the commit[\s\S]*Copied[\s\S]*matches the source/,
    )
    const rows = { selectors: 5, sipcalls: 5, pushtests: 5, restart: 5 }
    const home = new pg.Client({ connectionString: urlOf(server.href, own('sipis3')) })
    await home.connect()
    const sql = async (text: string) => (await home.query<(string | null)[]>({ text, rowMode: 'array' })).rows
    expect(await rowCounts({ ...source, sql })).toMatchObject(rows)
    await home.end()
    expect(await readFile(join(folder, 'Settings.xml'), 'utf8')).toContain(`dbname=${own('sipis3')} `)
    expect(await readFile(join(folder, 'Settings.xml.old'), 'utf8')).toContain(`dbname=${database} `)
    expect(JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'))).toMatchObject({ outcome: 'COPIED' })
    expect((await readFile(join(folder, 'systemctl.log'), 'utf8')).split('\n')).toHaveLength(5)
  })
})
