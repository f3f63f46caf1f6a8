import { builder } from './builder.ts'

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description:
      'Number of items in the whole list, independent of the page. Runs a count statement, only when selected.',
    resolve: ({ totalCount }) => totalCount,
  }),
)
