import { Forbidden } from '../../auth/forbidden.ts'
import type { Principal } from '../../auth/principal.ts'
import { maySee } from '../../auth/principal.ts'
import { codedError } from '../../errors/coded-error.ts'
import { builder } from '../builder.ts'
import { Selector } from './selector.ts'

/** Created once, as those of guard.ts. */
const notDevice = new Forbidden('Viewer.selector', ['sipis:own'])

const beginsAsSelectors = /^[0-9a-f]{40}:/i

const noSelector = codedError(
  'FORBIDDEN',
  'The sub of the token is not a selector: 40 hexadecimal digits, a colon and a suffix. The issuer has to put the selector of the ' +
    'device there.',
)

const Viewer = builder.objectRef<Principal>('Viewer').implement({
  description: 'The authenticated caller and its permissions.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'Name of the caller; "open" if the gateway requires no credential.',
    }),
    scopes: t.stringList({
      description:
        'Scopes of the caller. sipis:own: read its own selector. sipis:read: read every selector. sipis:tokens: read push tokens ' +
        'in clear. sipis:settings: read allowed settings. sipis:ops: read the schema and `database`.',
      resolve: ({ scopes }) => [...scopes],
    }),
    selector: t.field({
      type: Selector,
      nullable: true,
      description:
        'The selector of the calling device; null without an error if SIPIS does not have it yet. FORBIDDEN without the scope ' +
        'sipis:own, which API keys do not have, and if the `sub` of the token is not a selector.',
      async resolve(principal, _, { loaders }) {
        const { selector } = principal
        if (selector === null || !maySee(principal, selector)) throw notDevice
        const found = await loaders.selectors.byName(selector)
        if (found === null && !beginsAsSelectors.test(selector)) throw noSelector
        return found
      },
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'The authenticated caller and its permissions.',
    resolve: (_, __, { principal }) => principal,
  }),
)
