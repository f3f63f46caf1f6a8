/** The measured servers. All others are compared with the first one. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKey } from '../../src/auth/api-keys.ts'
import type { Dialect, Operation, Schema } from './dialects/dialect.ts'
import { noChanges } from './dialects/dialect.ts'
import { plain } from './dialects/plain.ts'
import { postgraphile } from './dialects/postgraphile.ts'
import { sipisGateway } from './dialects/sipis-gateway.ts'

export interface Contender {
  readonly name: string
  /** Description for the report. */
  readonly note: string
  readonly dialect: (schema: Schema) => Dialect
  readonly command: (database: string) => readonly string[]
  readonly setting: Setting
  /** Creates files that must exist before the start, such as a key file. Returns additional environment variables. */
  readonly prepare?: (request: Preparation) => Promise<Partial<Setting>>
}

interface Setting {
  readonly environment: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** Format of the requests. */
  readonly body: BodyForm
}

export type BodyForm = (
  operation: Operation,
  variables: Readonly<Record<string, unknown>>,
) => Readonly<Record<string, unknown>>

interface Preparation {
  /** A temporary folder, which is removed at the end. */
  readonly folder: string
  readonly operations: readonly Operation[]
}

const fullText: BodyForm = ({ text }, variables) => ({ query: text, variables })

/** All callers of the benchmark are the same principal with the same address. */
const unlimited = {
  RATE_LIMIT_COST: '2000000000',
  RATE_LIMIT_REQUESTS: '2000000000',
  LIMIT_CONCURRENT_PER_CALLER: '1000',
  LIMIT_QUEUE: '1000',
}

/** With authentication, limits or trusted documents it is an additional contender. */
const gatewayVariants: readonly Pick<Contender, 'name' | 'note' | 'setting' | 'prepare'>[] = [
  {
    name: 'sipis-gateway',
    note: 'this gateway with its defaults, without authentication',
    setting: { environment: {}, headers: {}, body: fullText },
  },
  {
    name: 'sipis-gateway, small heap',
    note: 'the same with NODE_OPTIONS=--max-semi-space-size=16',
    setting: { environment: { NODE_OPTIONS: '--max-semi-space-size=16' }, headers: {}, body: fullText },
  },
  {
    name: 'sipis-gateway, guarded',
    note: 'requires an API key, applies every limit (with rates that the benchmark does not reach), writes its audit log to a file',
    setting: { environment: unlimited, headers: {}, body: fullText },
    prepare: async ({ folder }) => guarded(folder),
  },
  {
    name: 'sipis-gateway, trusted documents',
    note: 'like guarded, and executes only documents of a manifest',
    setting: { environment: unlimited, headers: {}, body: fullText },
    prepare: async ({ folder, operations }) => {
      const manifest = join(folder, 'manifest.json')
      await writeFile(manifest, JSON.stringify(Object.fromEntries(operations.map(({ text }) => [idOf(text), text]))))
      const { environment, headers } = guarded(folder)
      return {
        environment: { ...environment, TRUSTED_DOCUMENTS: manifest, TRUSTED_ONLY: 'true' },
        headers,
        body: ({ text }, variables) => ({ documentId: idOf(text), variables }),
      }
    },
  },
]

function guarded(folder: string) {
  const file = join(folder, 'keys.jsonl')
  const { key } = createKey(file, { name: 'bench', scopes: ['sipis:read', 'sipis:tokens'], expires: undefined })
  const environment = { ...unlimited, API_KEYS_FILE: file, AUDIT_LOG: join(folder, 'audit.jsonl') }
  return { environment, headers: { authorization: `Bearer ${key}` } }
}

function idOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const peers: readonly (Pick<Contender, 'name' | 'note' | 'dialect'> & { readonly file: string })[] = [
  {
    name: 'PostGraphile',
    note: 'the Amber preset, relations by smart tags',
    dialect: postgraphile,
    file: 'postgraphile.ts',
  },
  {
    name: 'Mercurius',
    note: 'compiled queries (jit: 1), its batched loaders, handwritten SQL in prepared statements',
    dialect: plain,
    file: 'mercurius.ts',
  },
  {
    name: 'Yoga, plain',
    note: 'GraphQL Yoga, Pothos, DataLoader and the query builder of Drizzle, as a developer would write it',
    dialect: plain,
    file: 'yoga.ts',
  },
  {
    name: 'by hand',
    note: 'handwritten server without GraphQL: these queries are built in, over two pipelined connections and a pool for scans',
    dialect: (schema) => ({ ...sipisGateway(schema), changes: noChanges }),
    file: 'handwritten.ts',
  },
]

const builtGateway = (folder: string) => ({
  dialect: sipisGateway,
  command: (database: string) => [join(folder, 'dist/cli/main.js'), 'serve', '--port', '0', '--database-url', database],
})

/** The gateway of another clone, to compare two states of it. */
export function contendersBeside(folder: string): Contender[] {
  return gatewayVariants
    .filter(({ name }) => /^sipis-gateway(, guarded)?$/.test(name))
    .map(({ name, ...variant }) => ({ ...variant, ...builtGateway(folder), name: `${name}, beside` }))
}

export const contenders: readonly Contender[] = [
  ...gatewayVariants.map((variant) => ({ ...variant, ...builtGateway('') })),
  ...peers.map(({ file, ...peer }) => ({
    ...peer,
    command: () => [fileURLToPath(new URL(`contenders/${file}`, import.meta.url))],
    setting: { environment: {}, headers: {}, body: fullText },
  })),
]
