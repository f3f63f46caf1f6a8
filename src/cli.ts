#!/usr/bin/env node
/** The command line. Only this file reads argv and sets the exit code. */
import './cli/process.ts'
import { readFileSync } from 'node:fs'
import type { Help } from 'commander'
import { Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { standardOutput } from './cli/output.ts'
import { settingsHelp } from './cli/settings-help.ts'
import { defaultDataSet } from './demo/options.ts'
import { Problem } from './errors/problem.ts'
import { newestVersion, schemaVersions } from './versions/schema-version.ts'

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))

const databaseUrl = () =>
  new Option('--database-url <url>', 'postgres:// URL of the database; put one with a password in DATABASE_URL instead')
const settings = () =>
  new Option('--settings <file...>', "SIPIS's own Settings.xml, several of them, or their folder").argParser(
    (path: string, earlier: string[] | undefined) => [...(earlier ?? []), path],
  )
const schemaNames = schemaVersions.map((known) => known.toLowerCase()).toReversed()
const count = (name: string, fallback: number, description: string) =>
  new Option(`--${name} <n>`, description).argParser(wholeNumber).default(fallback)

const program = new Command('sipis-gateway')
  .description('A GraphQL API over the database of SIPIS, version 1 or 2 of its schema.')
  .version(version)
  .showHelpAfterError('(add --help for what there is)')
  .allowExcessArguments(false)

program
  .command('serve')
  .description('serve the API, read-only; without a database, a demo on an embedded one')
  .addOption(databaseUrl())
  .addOption(settings())
  .addOption(new Option('--host <address>', 'address to listen on, instead of HOST'))
  .addOption(new Option('--port <number>', 'port to listen on, instead of PORT'))
  .addOption(new Option('--allow-writable-role', 'serve other machines although the database role may write'))
  .addHelpText('after', ({ command }) => `\n${settingsHelp(helpOf(command))}`)
  .action(async (flags) => {
    const { serve } = await import('./cli/serve.ts')
    await serve(flags, process.env, standardOutput)
  })

program
  .command('init')
  .description("make SIPIS's tables in an empty database")
  .addOption(databaseUrl())
  .addOption(new Option('--schema <version>', 'which schema').choices(schemaNames).default(newestVersion.toLowerCase()))
  .action(async (flags) => {
    const { init } = await import('./cli/init.ts')
    await init(flags, process.env, standardOutput)
  })

program
  .command('seed')
  .description('write made-up rows into an empty database, the same for the same options')
  .addOption(databaseUrl())
  .addOption(new Option('--selectors <n>', 'how many selectors').argParser(wholeNumber).makeOptionMandatory())
  .addOption(count('calls', defaultDataSet.calls, 'calls of each selector'))
  .addOption(count('messages', defaultDataSet.messages, 'messages of each selector'))
  .addOption(count('push-tests', defaultDataSet.pushTests, 'push tests of each selector'))
  .addOption(count('tokens', defaultDataSet.tokens, 'push tokens of an iOS installation; Android has one'))
  .addOption(count('random-seed', defaultDataSet.randomSeed, 'another number makes another data set'))
  .action(async (flags) => {
    const { seed } = await import('./cli/seed.ts')
    await seed(flags, process.env, standardOutput)
  })

program
  .command('check')
  .description('say what a database is; exit code 0 all well, 1 there is advice, 2 it cannot be served')
  .addOption(databaseUrl())
  .addOption(settings())
  .addOption(new Option('--json', 'print JSON'))
  .action(async (flags) => {
    const { check } = await import('./cli/check.ts')
    const advised = await check(flags, process.env, standardOutput).catch((error: unknown) => {
      report(error)
      return undefined
    })
    process.exitCode = advised === undefined ? 2 : advised ? 1 : 0
  })

program
  .command('copy')
  .description('copy a v1 database into an empty v2 one; without --execute a dry run that writes nothing')
  .argument('[new]', "the v2 database: SIPIS's Settings.xml, or a postgres:// URL")
  .argument('[old]', 'the v1 database, likewise; the order is that of CreateSipisDb')
  .addOption(new Option('--to <new>', 'the v2 database, instead of the first argument'))
  .addOption(new Option('--from <old>', 'the v1 database, instead of the second argument'))
  .addOption(new Option('--execute', 'copy'))
  .addOption(new Option('--verify-only', 'compare two databases of which one was copied from the other'))
  .addOption(new Option('--freeze', 'hold those who write to the source while the copy runs'))
  .addOption(
    new Option('--invalid-bytes <how>', 'from SQL_ASCII into UTF8: texts that are no UTF-8')
      .choices(['reject', 'replace', 'latin1'])
      .default('reject'),
  )
  .addOption(new Option('--missed-reason <word>', 'why calls were missed, which v1 does not record').default('Missed'))
  .addOption(new Option('--rejects <file>', 'where rows that cannot go are listed, as JSON lines'))
  .addOption(new Option('--accept-rejects <reason=count...>', 'leave exactly so many rows behind'))
  .addOption(new Option('--lock-timeout <seconds>', 'how long to wait for a lock').argParser(wholeNumber).default(10))
  .addOption(new Option('--json', 'print the report as JSON'))
  .action(async (newName, oldName, flags) => {
    const { copyCommand } = await import('./cli/copy.ts')
    process.exitCode = (await copyCommand([newName, oldName], flags, process.env, standardOutput)) ? 0 : 1
  })

const key = program.command('key').description('API keys: for tooling that has no issuer of JSON Web Tokens')
const keysFile = () => new Option('--file <file>', 'the file of keys (or API_KEYS_FILE)')

key
  .command('create')
  .description('add a key to the file, and print it this once')
  .addOption(new Option('--name <name>', 'whose key it is').makeOptionMandatory())
  .addOption(
    new Option('--scope <scope...>', 'what it may see')
      .choices(['sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'])
      .makeOptionMandatory(),
  )
  .addOption(new Option('--expires <when>', 'a date, or a number of days such as 90d'))
  .addOption(keysFile())
  .action(async (flags) => {
    const { keyCreate } = await import('./cli/key.ts')
    keyCreate(flags, process.env, standardOutput)
  })

key
  .command('list')
  .description('show the keys: id, name, scopes, dates')
  .addOption(keysFile())
  .action(async (flags) => {
    const { keyList } = await import('./cli/key.ts')
    keyList(flags, process.env, standardOutput)
  })

key
  .command('revoke')
  .description('take a key out of the file')
  .argument('<id or name>', 'of the key; all keys of a name go')
  .addOption(keysFile())
  .action(async (idOrName, flags) => {
    const { keyRevoke } = await import('./cli/key.ts')
    keyRevoke(idOrName, flags, process.env, standardOutput)
  })

program
  .command('schema')
  .description('print the GraphQL schema')
  .action(async () => {
    const { printSchemaCommand } = await import('./cli/schema.ts')
    printSchemaCommand(standardOutput)
  })

try {
  await program.parseAsync()
} catch (error) {
  report(error)
  process.exitCode = 1
}

/** Wraps lines as the help before it does. */
function helpOf(command: Command): Help {
  const helper = command.createHelp()
  helper.prepareContext({ helpWidth: helper.helpWidth ?? process.stdout.columns ?? 80 })
  return helper
}

function report(error: unknown): void {
  // A problem is the operator's to mend; anything else is ours, and its stack helps to find it.
  const text = error instanceof Problem ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${text}\n`)
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= 10_000_000) return number
  throw new InvalidArgumentError('It must be a whole number up to 10000000.')
}
