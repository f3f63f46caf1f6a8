import { parseArgs } from 'node:util'
import type { DatabaseName } from './databases.ts'
import { databases } from './databases.ts'

export interface Options {
  readonly selectors: number
  readonly calls: number
  readonly databases: readonly DatabaseName[]
  readonly connections: readonly number[]
  readonly rounds: number
  readonly seconds: number
  /** Warm-up seconds for each query and contender. */
  readonly warmUp: number
  /** Names of contenders or parts of names; empty for all. */
  readonly contenders: readonly string[]
  /** Processors for all processes, in the format of taskset; empty for all. */
  readonly cpus: string
  /** Labels of the queries whose CPU time alone is measured; empty for a whole run. */
  readonly cpuOf: readonly string[]
  /** A clone whose built gateway takes part twice, open and guarded; empty for none. */
  readonly beside: string
  readonly write: boolean
}

export const help = `npm run bench [-- OPTIONS]

  --quick                 a small database, one schema, short rounds: to see that everything works
  --write                 write the report into docs/performance.md
  --selectors 20000       how many selectors
  --calls 30              how many calls each has
  --databases v1,v1-advised,v2
                          which databases: a schema, or v1 with the indexes that check advises
  --connections 1,8,64    how many callers at once
  --warm-up 3             seconds for which each contender is asked each query before it counts
  --rounds 6              how often each contender has its turn then
  --seconds 1             how long a turn is
  --contenders a,b        only those whose names contain one of these; the gateway always takes part
  --cpus 0,1              run everything on these processors (Linux)
  --cpu-of Q1,Q6          measure only the CPU time of these queries, and compare it
  --beside ../before      also the gateway in the dist/ of another clone, open and guarded
`

const settings = {
  quick: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  selectors: { type: 'string' },
  calls: { type: 'string', default: '30' },
  databases: { type: 'string' },
  connections: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  'warm-up': { type: 'string' },
  contenders: { type: 'string', default: '' },
  cpus: { type: 'string', default: '' },
  'cpu-of': { type: 'string', default: '' },
  beside: { type: 'string', default: '' },
} as const

const full = {
  selectors: '20000',
  databases: 'v1,v1-advised,v2',
  connections: '1,8,64',
  rounds: '6',
  seconds: '1',
  'warm-up': '3',
}
const quick = { selectors: '1000', databases: 'v2', connections: '8', rounds: '2', seconds: '0.3', 'warm-up': '0.3' }

/** Undefined if --help was given. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: settings })
  if (values.help) return undefined
  const given = { ...(values.quick ? quick : full), ...values }
  return {
    selectors: positive('selectors', given.selectors),
    calls: positive('calls', given.calls),
    databases: listOf(given.databases).map(database),
    connections: listOf(given.connections).map((text) => positive('connections', text)),
    rounds: positive('rounds', given.rounds),
    seconds: positive('seconds', given.seconds),
    warmUp: positive('warm-up', given['warm-up']),
    contenders: listOf(given.contenders),
    cpus: given.cpus,
    cpuOf: listOf(given['cpu-of']),
    beside: given.beside,
    write: given.write,
  }
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (number > 0) return number
  throw new Error(`--${name} is "${text}"; it must be a number above 0.`)
}

function database(text: string): DatabaseName {
  const names = Object.keys(databases) as DatabaseName[]
  const found = names.find((name) => name === text)
  if (found !== undefined) return found
  throw new Error(`--databases has "${text}"; there are ${names.join(', ')}.`)
}
