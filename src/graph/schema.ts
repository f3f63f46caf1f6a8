import { printSchemaWithDirectives } from '@graphql-tools/utils'
import type { GraphQLSchema } from 'graphql'
import { assertInterfaceType, specifiedDirectives } from 'graphql'
import { costDirectives, withCostDirectives } from '../documents/cost-directives.ts'
import { builder } from './builder.ts'
import { withPlainNodes } from './connection.ts'
import { guard } from './guard.ts'
import { withFieldsOfRow } from './of-row.ts'
import { semanticNonNullDirective } from './semantic-non-null.ts'
import { resolvingTypes } from './type-name.ts'
import './scalars.ts'
import './total-count.ts'
import './types/selector.ts'
import './types/token.ts'
import './types/call.ts'
import './types/setting.ts'
import './types/message.ts'
import './types/push-test.ts'
import './types/changes.ts'
import './types/push-health.ts'
import './types/statistics/call-stats.ts'
import './types/statistics/push-test-stats.ts'
import './types/statistics/servers.ts'
import './types/statistics/token-stats.ts'
import './types/statistics/top-callers.ts'
import './types/timeline.ts'
import './types/subscription.ts'
import './node.ts'
import './types/viewer.ts'
import './types/database.ts'
import './types/error-code.ts'

export const schema: GraphQLSchema = guard(
  withFieldsOfRow(
    withCostDirectives(
      withPlainNodes(
        resolvingTypes(
          builder.toSchema({ directives: [...specifiedDirectives, semanticNonNullDirective, ...costDirectives] }),
        ),
      ),
    ),
  ),
)

// The Relay plugin has no option for the description of this one field.
const { id } = assertInterfaceType(schema.getType('Node')).getFields()
if (id !== undefined)
  id.description =
    'Global id of the object. Opaque; a migration from schema v1 to v2 keeps it. Example: ' +
    'Q2FsbDo0MjoxMjg2OUUwRTZFNTUzNjczQzU0RjI5MTA1QTA2NDcyMDRDNDE2QTJBOjdDM0EwRDE0'

/** Prints the schema in SDL, the content of schema.graphql. */
export function printSdl(): string {
  return `${printSchemaWithDirectives(schema)}\n`
}
