import type { Principal } from '../../auth/principal.ts'
import { builder } from '../builder.ts'
import { Selector } from './selector.ts'

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
        'The selector of the calling device; null if the caller is not a device or its selector does not exist.',
      resolve: ({ selector }, _, { loaders }) => (selector === null ? null : loaders.selectors.byName(selector)),
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
