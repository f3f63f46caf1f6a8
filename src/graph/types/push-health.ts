import { checkRange } from '../../loaders/bad-input.ts'
import { windowOf } from '../../loaders/keyset.ts'
import type { PushHealth } from '../../loaders/push-health.ts'
import type { SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { nullOnError } from '../semantic-non-null.ts'
import { timeOrder } from '../time-order.ts'
import { PushTest } from './push-test.ts'
import { Selector } from './selector.ts'
import { mostTimeMs } from './statistics/stats.ts'

interface PushHealthShape extends PushHealth {
  readonly owner: SelectorRow
}

const mostTests = 100

const PushHealthType = builder.objectRef<PushHealthShape>('PushHealth').implement({
  description:
    'Whether pushes to a selector arrive, as far as stored rows tell. The database does not say whether it is registered.',
  fields: (t) => ({
    tokens: t.exposeInt('tokens', {
      description: 'Push tokens that are stored now. Without one, no push can be sent.',
    }),
    newestToken: t.expose('newestToken', {
      type: 'DateTime',
      nullable: true,
      description: 'When one of them was last seen; null if there is none, or SIPIS has not recorded it.',
    }),
    testsSent: t.exposeInt('testsSent', { description: 'The newest push tests that were looked at, at most `tests`.' }),
    testsConcluded: t.exposeInt('testsConcluded', { description: 'Those that the device has confirmed.' }),
    testsInTime: t.exposeInt('testsInTime', { description: 'Those that it has confirmed within `inTimeMs`.' }),
    lastTest: t.field({
      type: PushTest,
      nullable: true,
      description: 'The newest push test; null if none is stored.',
      async resolve({ owner }, _, { loaders }) {
        const window = windowOf(timeOrder('pushTests', loaders.projection.pushTests, 'NEWEST_FIRST'), { first: 1 })
        const { rows } = await loaders.pushTests.pageOf(owner, { conditions: [], signature: 'last test', window })
        return rows[0] ?? null
      },
    }),
  }),
})

builder.objectField(Selector, 'pushHealth', (t) =>
  t.field({
    type: PushHealthType,
    ...nullOnError,
    description: 'Whether pushes to this selector arrive.',
    args: {
      tests: t.arg.int({
        required: true,
        defaultValue: 5,
        description: `How many of the newest push tests count, 1 to ${mostTests}. Other values are BAD_USER_INPUT.`,
      }),
      inTimeMs: t.arg.int({
        required: true,
        defaultValue: 15_000,
        description: 'Milliseconds within which a push is in time, 0 to 86,400,000.',
      }),
    },
    async resolve(owner, { tests, inTimeMs }, { loaders }) {
      checkRange('inTimeMs', inTimeMs, 0, mostTimeMs)
      checkRange('tests', tests, 1, mostTests)
      return { ...(await loaders.pushHealth({ owner, tests, inTimeMs })), owner }
    },
  }),
)
