import type { GraphQLSchema } from 'graphql'
import { printSchema } from 'graphql'
import { builder } from './builder.ts'
import './scalars.ts'
import './total-count.ts'
import './selector.ts'
import './token.ts'
import './call.ts'
import './message.ts'
import './push-test.ts'
import './viewer.ts'
import './database.ts'

export const schema: GraphQLSchema = builder.toSchema()

/** The schema definition language of the API, as it is committed in schema.graphql. */
export function printSdl(): string {
  return `${printSchema(schema)}\n`
}
