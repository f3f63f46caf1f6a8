import { builder } from './builder.ts'

// Every connection has it, read only when it is asked for.
builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description: 'How many there are in the whole list, whatever the page. Counted only when asked for.',
    resolve: ({ totalCount }) => totalCount,
  }),
)
