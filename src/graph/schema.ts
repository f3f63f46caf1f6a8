import type { GraphQLSchema } from 'graphql'
import { assertInterfaceType, printSchema } from 'graphql'
import { builder } from './builder.ts'
import { withPlainNodes } from './connection.ts'
import { guard } from './guard.ts'
import './scalars.ts'
import './total-count.ts'
import './selector.ts'
import './token.ts'
import './call.ts'
import './setting.ts'
import './message.ts'
import './push-test.ts'
import './node.ts'
import './viewer.ts'
import './database.ts'

export const schema: GraphQLSchema = guard(withPlainNodes(builder.toSchema()))

// The Relay plugin has no option for the description of this one field.
const { id } = assertInterfaceType(schema.getType('Node')).getFields()
if (id !== undefined) id.description = 'Names the object, before and after a migration from v1 to v2. Opaque.'

/** The schema definition language of the API, as it is committed in schema.graphql. */
export function printSdl(): string {
  return `${printSchema(schema)}\n`
}
