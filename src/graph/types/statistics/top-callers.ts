import { checkRange } from '../../../loaders/bad-input.ts'
import { maxPageSize } from '../../../loaders/keyset.ts'
import type { Computed } from '../../../loaders/statistics/statistics.ts'
import type { TopCaller } from '../../../loaders/statistics/top-callers.ts'
import { builder } from '../../builder.ts'
import { nullOnError } from '../../semantic-non-null.ts'
import { SipAddress } from '../sip-address.ts'
import { asOf, costOfDay, daysOf, firstOf, spanArgs } from './stats.ts'

/** If `first` is not given. */
const defaultCallers = 20

const TopCallerType = builder.objectRef<TopCaller>('TopCaller').implement({
  description: 'A caller, by user name and domain, and its calls in the span.',
  fields: (t) => ({
    caller: t.expose('caller', {
      type: SipAddress,
      description:
        'Address of the caller. Display name, scheme and port are those of its newest call; the domain is in lower case.',
    }),
    count: t.exposeInt('count', { description: 'Missed and pending calls.' }),
    selectors: t.exposeInt('selectors', { description: 'Selectors that were called.' }),
    lastTime: t.expose('lastTime', { type: 'DateTime', description: 'When the newest call arrived.' }),
  }),
})

const TopCallers = builder.objectRef<Computed<readonly TopCaller[]>>('TopCallers').implement({
  description: 'The callers with the most calls in a span.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'DateTime', description: asOf }),
    nodes: t.field({
      type: [TopCallerType],
      extensions: { listSize: () => maxPageSize, isSizedAbove: true },
      description: `The callers, those with the most calls first; at most ${maxPageSize}.`,
      resolve: ({ value }) => [...value],
    }),
  }),
})

builder.queryField('topCallers', (t) =>
  t.field({
    type: TopCallers,
    ...nullOnError,
    extensions: {
      ...nullOnError.extensions,
      readingCost: (argument: (name: string) => unknown) => 3 * costOfDay * daysOf(argument),
      sizeBelow: (argument: (name: string) => unknown) => firstOf(argument, defaultCallers),
      slices: 'nodes',
    },
    description:
      'The callers of all selectors with the most missed and pending calls in a span. A span with more rows than LIMIT_STATISTICS_ROWS is ' +
      'TOO_COSTLY; the message says which span would pass. Other spans are BAD_USER_INPUT.',
    args: {
      ...spanArgs,
      first: t.arg.int({
        required: true,
        defaultValue: defaultCallers,
        description: `Callers to return, 1 to ${maxPageSize}. Other values are BAD_USER_INPUT.`,
      }),
    },
    resolve: (_, { since, until, first }, { questions }) => {
      checkRange('first', first, 1, maxPageSize)
      return questions.topCallers({ since, until }, first)
    },
  }),
)
