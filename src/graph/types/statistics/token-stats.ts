import { BadInput } from '../../../loaders/bad-input.ts'
import type { Computed } from '../../../loaders/statistics/statistics.ts'
import type { TokenCount } from '../../../loaders/statistics/token-stats.ts'
import { mostApps } from '../../../loaders/statistics/token-stats.ts'
import { builder } from '../../builder.ts'
import { nullOnError } from '../../semantic-non-null.ts'
import { asOf, costOfTable } from './stats.ts'

const mostBounds = 10

const TokenStat = builder.objectRef<TokenCount>('TokenStat').implement({
  description: 'The push tokens of one app.',
  fields: (t) => ({
    appId: t.exposeString('appId', { description: 'The app, e.g. com.example.phone.' }),
    count: t.exposeInt('count', { description: 'Its push tokens.' }),
    neverSeen: t.exposeInt('neverSeen', {
      description: 'Those of which SIPIS has not recorded when they were last seen.',
    }),
    older: t.intList({
      description: 'Those last seen before each time of `olderThan`, in its order.',
      resolve: ({ older }) => [...older],
    }),
  }),
})

const TokenStats = builder.objectRef<Computed<readonly TokenCount[]>>('TokenStats').implement({
  description: 'Push tokens by app and by age. Tokens whose selector has been deleted count as well.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'DateTime', description: asOf }),
    rows: t.field({
      type: [TokenStat],
      extensions: { listSize: () => mostApps, assumedSize: mostApps },
      description: `The apps, that with the most tokens first; at most ${mostApps}.`,
      resolve: ({ value }) => [...value],
    }),
  }),
})

builder.queryField('tokenStats', (t) =>
  t.field({
    type: TokenStats,
    ...nullOnError,
    extensions: { ...nullOnError.extensions, readingCost: () => costOfTable },
    description: 'Push tokens of all selectors by app, and how many of them are stale.',
    args: {
      olderThan: t.arg({
        type: ['DateTime'],
        required: true,
        description: `Times, at most ${mostBounds}; more are BAD_USER_INPUT.`,
      }),
    },
    resolve: (_, { olderThan }, { questions }) => {
      if (olderThan.length > mostBounds)
        throw new BadInput(`olderThan has ${olderThan.length} times; at most ${mostBounds} are counted.`, ['olderThan'])
      return questions.tokenCounts(olderThan)
    },
  }),
)
