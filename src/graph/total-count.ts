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

builder.globalConnectionField('rangeCount', (t) =>
  t.int({
    ...nullOnError,
    description:
      'Number of items after `after` and before `before`, independent of `first` and `last`: how many are newer than a cursor. The ' +
      'same as `totalCount` without a cursor. Runs a count statement, only when selected.',
    resolve: ({ rangeCount }) => rangeCount,
  }),
)
