import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { BodyForm, Contender } from './contenders.ts'
import type { Answer, Operation, QueryName, Question, Schema } from './dialects/dialect.ts'
import { startServer } from './server-process.ts'

/** A running contender with its database. */
export interface Runner extends AsyncDisposable {
  readonly name: string
  readonly pid: number
  readonly origin: string
  /** Start time of its process, by performance.now(). */
  readonly startedAt: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined if it does not support the query. */
  operation(query: QueryName): Operation | undefined
  bodyOf(operation: Operation, question: Question): string
  ask(query: QueryName, question: Question): Promise<Answer>
}

const reply = z.object({ data: z.unknown(), errors: z.unknown().optional() })

export async function startRunner(contender: Contender, schema: Schema, database: string): Promise<Runner> {
  const dialect = contender.dialect(schema)
  const operations = Object.values(dialect).filter((operation) => typeof operation !== 'string')
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-bench-'))
  const { setting } = contender
  const prepared = (await contender.prepare?.({ folder, operations })) ?? {}
  const startedAt = performance.now()
  const server = await startServer(contender.command(database), {
    DATABASE_URL: database,
    SCHEMA: schema,
    ...setting.environment,
    ...prepared.environment,
  })
  const headers = { 'content-type': 'application/json', ...setting.headers, ...prepared.headers }
  const form: BodyForm = prepared.body ?? setting.body
  const operation = (query: QueryName) => {
    const found = dialect[query]
    return typeof found === 'string' ? undefined : found
  }
  const bodyOf = (asked: Operation, question: Question) => JSON.stringify(form(asked, asked.variables(question)))

  return {
    name: contender.name,
    pid: server.pid,
    origin: server.origin,
    startedAt,
    headers,
    operation,
    bodyOf,
    async ask(query, question) {
      const asked = operation(query)
      if (asked === undefined) throw new Error(`${contender.name} cannot answer ${query}.`)
      const response = await fetch(`${server.origin}/graphql`, {
        method: 'POST',
        headers,
        body: bodyOf(asked, question),
      })
      const text = await response.text()
      const { data, errors } = reply.parse(JSON.parse(text))
      if (errors !== undefined || !response.ok) throw new Error(`${contender.name} answers ${query} with ${text}`)
      return asked.read(data)
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
