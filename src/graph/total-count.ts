import { builder } from './builder.ts'
import { nullOnError } from './semantic-non-null.ts'

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    ...nullOnError,
    description:
      'Number of items in the whole list, independent of the page. Runs a count statement, only when selected.',
    resolve: ({ totalCount }) => totalCount,
  }),
)
