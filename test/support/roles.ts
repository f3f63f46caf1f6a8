import { randomBytes } from 'node:crypto'
import type { TestDatabase } from './database.ts'
import { untilTestEnds } from './database.ts'

export interface RoleDatabase extends TestDatabase {
  readonly name: string
}

/** The database as a role that may do nothing yet; `sql` still runs as the superuser. */
export async function asRole(database: TestDatabase): Promise<RoleDatabase> {
  const name = `role_${randomBytes(6).toString('hex')}`
  await database.sql(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'`)
  untilTestEnds({
    [Symbol.asyncDispose]: async () =>
      void (await database.sql(`REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name}; DROP ROLE ${name}`)),
  })
  const url = new URL(database.url)
  url.username = name
  url.password = 'secret'
  return { ...database, name, url: url.href }
}
