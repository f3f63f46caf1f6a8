/** The command line, loaded by bin.ts. Parses arguments and sets the exit code. */
import './process.ts'
import { readFileSync } from 'node:fs'
import type { Help } from 'commander'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { Problem } from '../errors/problem.ts'
import { newestVersion, schemaVersions } from '../sipis/schema-version.ts'
import { defaultDataSet } from '../tools/demo/options.ts'
import { completionScript, shells } from './completion.ts'
import { endNow } from './ending.ts'
import { standardOutput } from './output.ts'
import { settingsHelp } from './settings-help.ts'
import { workerRole } from './workers/role.ts'

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')))

const databaseUrl = () =>
  new Option(
    '--database-url <url>',
    'postgres:// URL of the database; pass a URL with a password in DATABASE_URL instead',
  )
const settings = () =>
  new Option('--settings <file...>', 'Settings.xml of SIPIS, several of them, or their folder').argParser(
    (path: string, earlier: string[] | undefined) => [...(earlier ?? []), path],
  )
const schemaNames = schemaVersions.map((known) => known.toLowerCase()).toReversed()
const count = (name: string, fallback: number, description: string) =>
  new Option(`--${name} <n>`, description).argParser(wholeNumber).default(fallback)

const program = new Command('sipis-gateway')
  .description('GraphQL API over a SIPIS database, schema v1 or v2.')
  .version(version)
  .showHelpAfterError('Run with --help to see all commands and options.')
  .allowExcessArguments(false)

program
  .command('serve')
  .description('serve the API, read-only; without a database, serve demo data from an embedded one')
  .addOption(databaseUrl())
  .addOption(settings())
  .addOption(new Option('--host <address>', 'address to listen on, instead of HOST'))
  .addOption(new Option('--port <number>', 'port to listen on, instead of PORT'))
  .addOption(new Option('--workers <number>', 'processes that share the port, instead of WORKERS'))
  .addOption(new Option('--allow-writable-role', 'serve other machines although the database role may write'))
  .addOption(new Option('--wait', 'wait for a database that cannot be reached yet, instead of ending'))
  .addHelpText('after', ({ command }) => `\n${settingsHelp(helpOf(command))}`)
  .action(async (flags) => {
    const role = workerRole()
    const workers = flags.workers ?? process.env['WORKERS'] ?? ''
    if (role !== undefined || ['', '1'].includes(workers)) {
      const { serve } = await import('./serve.ts')
      await serve(flags, process.env, standardOutput, role)
      // Connections that would not close are left behind.
      await endNow(0)
    }
    const { supervise } = await import('./workers/supervise.ts')
    await endNow(await supervise(flags, process.env, standardOutput))
  })

program
  .command('init')
  .description('create tables like those of SIPIS in an empty database, for rehearsals and tests')
  .addOption(databaseUrl())
  .addOption(new Option('--schema <version>', 'which schema').choices(schemaNames).default(newestVersion.toLowerCase()))
  .action(async (flags) => {
    const { init } = await import('./init.ts')
    await init(flags, process.env, standardOutput)
  })

program
  .command('seed')
  .description('write generated rows into an empty database; the same options give the same rows')
  .addOption(databaseUrl())
  .addOption(new Option('--selectors <n>', 'number of selectors').argParser(wholeNumber).makeOptionMandatory())
  .addOption(count('calls', defaultDataSet.calls, 'calls per selector'))
  .addOption(count('messages', defaultDataSet.messages, 'messages per selector'))
  .addOption(count('push-tests', defaultDataSet.pushTests, 'push tests per selector'))
  .addOption(count('tokens', defaultDataSet.tokens, 'push tokens per iOS installation; Android has at most one'))
  .addOption(
    count('random-seed', defaultDataSet.randomSeed, 'seed of the random generator; another seed gives other rows'),
  )
  .action(async (flags) => {
    const { seed } = await import('./seed.ts')
    await seed(flags, process.env, standardOutput)
  })

program
  .command('check')
  .description('inspect a database; exit code 0: no findings, 1: advice, 2: it cannot be served')
  .addOption(databaseUrl())
  .addOption(settings())
  .addOption(new Option('--json', 'print JSON'))
  .action(async (flags) => {
    const { check } = await import('./check.ts')
    const advised = await check(flags, process.env, standardOutput).catch((error: unknown) => {
      report(error)
      return undefined
    })
    process.exitCode = advised === undefined ? 2 : advised ? 1 : 0
  })

program
  .command('copy')
  .description('copy a v1 database into an empty v2 one; without --execute a dry run that writes nothing')
  .argument('[new]', 'the v2 database: a Settings.xml of SIPIS, or a postgres:// URL')
  .argument('[old]', 'the v1 database, in the same form; the order is that of CreateSipisDb')
  .addOption(new Option('--to <new>', 'the v2 database, instead of the first argument'))
  .addOption(new Option('--from <old>', 'the v1 database, instead of the second argument'))
  .addOption(new Option('--back', 'copy back: NEW is an empty v1 database, OLD the v2 one'))
  .addOption(new Option('--execute', 'copy the rows'))
  .addOption(new Option('--rehearse', 'do everything that --execute does but the commit, and measure the time'))
  .addOption(new Option('--verify-only', 'compare a v2 database with the v1 database it was copied from'))
  .addOption(new Option('--freeze', 'block writes to the source while the copy runs; the default of --execute'))
  .addOption(
    new Option('--no-freeze', 'do not block them: if anything is written, the copy is thrown away before the commit'),
  )
  .addOption(
    new Option('--invalid-bytes <how>', 'how to handle invalid UTF-8 when copying from SQL_ASCII to UTF8')
      .choices(['reject', 'replace', 'latin1'])
      .default('reject'),
  )
  .addOption(
    new Option('--missed-reason <word>', 'reason for missed calls, which v1 does not record').default('Missed'),
  )
  .addOption(new Option('--rejects <file>', 'file for rejected rows, as JSON lines'))
  .addOption(
    new Option(
      '--accept-rejects <reasons>',
      'rows that may be left out: orphan, orphan=50, orphan<=100 or pushtests:orphan=50, between commas or repeated',
    ).argParser((text: string, earlier: string[] | undefined) => [...(earlier ?? []), text]),
  )
  .addOption(
    new Option('--lock-timeout <seconds>', 'maximum time to wait for a lock').argParser(wholeNumber).default(10),
  )
  .addOption(
    new Option('--write-settings', 'after the copy, edit the Settings.xml that names OLD; a backup stays beside it'),
  )
  .addOption(new Option('--json', 'print the report as JSON'))
  .addOption(
    new Option(
      '--result <file>',
      'write the outcome as JSON: UNFINISHED until the end, then COPIED, READY, REFUSED, SAME, DIFFERENT, FAILED or UNKNOWN',
    ),
  )
  .action(async (newName, oldName, flags, command) => {
    const { copyCommand } = await import('./copy.ts')
    process.exitCode = 1
    try {
      const done = await copyCommand([newName, oldName], flags, command, version, process.env, standardOutput)
      if (done) process.exitCode = 0
    } finally {
      endSoon()
    }
  })

const notify = program
  .command('notify')
  .description('triggers that tell gateways of new events at once; without them it takes a second')
for (const [action, description] of [
  ['install', 'make the triggers, as the owner of the tables'],
  ['remove', 'remove them without a trace'],
  ['status', 'show which tables have them'],
] as const) {
  notify
    .command(action)
    .description(description)
    .addOption(databaseUrl())
    .addOption(settings())
    .action(async (flags) => {
      const command = await import('./notify.ts')
      await command.notify(action, flags, process.env, standardOutput)
    })
}

program
  .command('archive')
  .description(
    'keep the calls, messages and push tests that SIPIS deletes, in a database of its own, until it is stopped',
  )
  .addOption(databaseUrl())
  .addOption(settings())
  .addOption(
    new Option(
      '--to <url>',
      'postgres:// URL of the archive, an empty database at first; its password may be in PGPASSWORD or a password file',
    ).makeOptionMandatory(),
  )
  .addOption(new Option('--keep <days>', 'delete rows that are older, such as 90d; without it all are kept'))
  .addOption(
    new Option('--invalid-bytes <how>', 'how to handle invalid UTF-8 of an SQL_ASCII source in a UTF8 archive')
      .choices(['reject', 'replace', 'latin1'])
      .default('reject'),
  )
  .action(async (flags) => {
    const { archiveCommand } = await import('./archive.ts')
    await archiveCommand(flags, process.env, standardOutput)
    // Connections that would not close are left behind.
    await endNow(0)
  })

const key = program.command('key').description('manage API keys, for tools without a JWT issuer')
const keysFile = () => new Option('--file <file>', 'API keys file (or API_KEYS_FILE)')

key
  .command('create')
  .description('add a key to the file and print it; it cannot be shown again')
  .addOption(new Option('--name <name>', 'name of the key').makeOptionMandatory())
  .addOption(
    new Option('--scope <scope...>', 'scopes of the key')
      .choices(['sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'])
      .makeOptionMandatory(),
  )
  .addOption(new Option('--expires <when>', 'date such as 2027-06-30, or number of days such as 90d'))
  .addOption(keysFile())
  .action(async (flags) => {
    const { keyCreate } = await import('./key.ts')
    keyCreate(flags, process.env, standardOutput)
  })

key
  .command('list')
  .description('list the keys, also revoked ones: id, name, scopes, dates')
  .addOption(keysFile())
  .action(async (flags) => {
    const { keyList } = await import('./key.ts')
    keyList(flags, process.env, standardOutput)
  })

key
  .command('revoke')
  .description('revoke keys; the file keeps their names')
  .argument('<id or name>', 'id of a key, or name of one or more keys')
  .addOption(keysFile())
  .action(async (idOrName, flags) => {
    const { keyRevoke } = await import('./key.ts')
    keyRevoke(idOrName, flags, process.env, standardOutput)
  })

program
  .command('schema')
  .description('print the GraphQL schema')
  .addOption(new Option('--subgraph', 'print the subgraph for a router of Apollo Federation 2'))
  .action(async (flags) => {
    const { printSchemaCommand } = await import('./schema.ts')
    await printSchemaCommand(flags, standardOutput)
  })

program
  .command('completion')
  .description('print completions for a shell: eval "$(sipis-gateway completion bash)"')
  .addArgument(new Argument('<shell>', 'which shell').choices(shells))
  .action((shell) => {
    standardOutput.print(completionScript(program, shell).trimEnd())
  })

try {
  await program.parseAsync()
} catch (error) {
  report(error)
  process.exitCode = 1
  // The channel to the process that started it keeps a worker running.
  if (process.connected) await endNow(1)
}

/** Ends the process although something is left open, such as a connection that would not close. */
function endSoon(): void {
  setTimeout(() => void endNow(Number(process.exitCode ?? 0)), 2_000).unref()
}

/** Wraps lines as the help before it does. */
function helpOf(command: Command): Help {
  const helper = command.createHelp()
  helper.prepareContext({ helpWidth: helper.helpWidth ?? process.stdout.columns ?? 80 })
  return helper
}

function report(error: unknown): void {
  // The operator can solve a Problem; any other error is a bug, whose stack helps to find it.
  const text = error instanceof Problem ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${text}\n`)
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= 10_000_000) return number
  throw new InvalidArgumentError('It must be an integer from 0 to 10000000.')
}
