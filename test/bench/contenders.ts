/** Who is measured: data. The first is what all others are compared with. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKey } from '../../src/auth/api-keys.ts'
import type { Dialect, Operation, Schema } from './dialects/dialect.ts'
import { plain } from './dialects/plain.ts'
import { postgraphile } from './dialects/postgraphile.ts'
import { sipisGateway } from './dialects/sipis-gateway.ts'

export interface Contender {
  readonly name: string
  /** What the report says of it. */
  readonly note: string
  readonly dialect: (schema: Schema) => Dialect
  readonly command: (database: string) => readonly string[]
  readonly setting: Setting
  /** Makes what has to exist before it starts, such as a key file; what it gives is added to the setting. */
  readonly prepare?: (request: Preparation) => Promise<Partial<Setting>>
}

interface Setting {
  readonly environment: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** How a request says what it asks. */
  readonly body: BodyForm
}

export type BodyForm = (
  operation: Operation,
  variables: Readonly<Record<string, unknown>>,
) => Readonly<Record<string, unknown>>

interface Preparation {
  /** Of its own, and removed in the end. */
  readonly folder: string
  readonly operations: readonly Operation[]
}

const fullText: BodyForm = ({ text }, variables) => ({ query: text, variables })

/** Every caller of the bench is the same principal, from the same address. */
const unhurried = {
  RATE_LIMIT_COST: '2000000000',
  RATE_LIMIT_REQUESTS: '2000000000',
  LIMIT_CONCURRENT_PER_CALLER: '1000',
  LIMIT_QUEUE: '1000',
}

/** With authentication, limits or trusted documents switched on it is a contender like any other. */
const gatewayVariants: readonly Pick<Contender, 'name' | 'note' | 'setting' | 'prepare'>[] = [
  {
    name: 'sipis-gateway',
    note: 'this gateway as it is shipped, open',
    setting: { environment: {}, headers: {}, body: fullText },
  },
  {
    name: 'sipis-gateway, small heap',
    note: 'the same with NODE_OPTIONS=--max-semi-space-size=16',
    setting: { environment: { NODE_OPTIONS: '--max-semi-space-size=16' }, headers: {}, body: fullText },
  },
  {
    name: 'sipis-gateway, guarded',
    note: 'asks for an API key, counts against every limit (the rates raised beyond what a bench asks for), writes its audit log to a file',
    setting: { environment: unhurried, headers: {}, body: fullText },
    prepare: async ({ folder }) => guarded(folder),
  },
  {
    name: 'sipis-gateway, trusted documents',
    note: 'guarded as well, and answers nothing but documents of a manifest',
    setting: { environment: unhurried, headers: {}, body: fullText },
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
  const environment = { ...unhurried, API_KEYS_FILE: file, AUDIT_LOG: join(folder, 'audit.jsonl') }
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
    note: 'compiled queries (jit: 1), its batched loaders, SQL by hand in prepared statements',
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
    note: 'no GraphQL: a server that knows these queries beforehand, over two pipelined connections and a pool for scans',
    dialect: sipisGateway,
    file: 'handwritten.ts',
  },
]

export const contenders: readonly Contender[] = [
  ...gatewayVariants.map((variant) => ({
    ...variant,
    dialect: sipisGateway,
    command: (database: string) => ['dist/cli/main.js', 'serve', '--port', '0', '--database-url', database],
  })),
  ...peers.map(({ file, ...peer }) => ({
    ...peer,
    command: () => [fileURLToPath(new URL(`contenders/${file}`, import.meta.url))],
    setting: { environment: {}, headers: {}, body: fullText },
  })),
]
