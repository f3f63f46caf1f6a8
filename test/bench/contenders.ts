/** Who is measured: data. The first is what all others are compared with. */
import { fileURLToPath } from 'node:url'
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

/** With authentication, limits or trusted documents switched on it is a contender like any other. */
const gatewayVariants: readonly Pick<Contender, 'name' | 'note' | 'setting' | 'prepare'>[] = [
  {
    name: 'sipis-gateway',
    note: 'this gateway as it is shipped, open',
    setting: { environment: {}, headers: {}, body: fullText },
  },
]

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
    command: (database: string) => ['src/cli.ts', 'serve', '--port', '0', '--database-url', database],
  })),
  ...peers.map(({ file, ...peer }) => ({
    ...peer,
    command: () => [fileURLToPath(new URL(`contenders/${file}`, import.meta.url))],
    setting: { environment: {}, headers: {}, body: fullText },
  })),
]
