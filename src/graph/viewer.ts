import type { Principal } from '../auth/principal.ts'
import { builder } from './builder.ts'
import { Selector } from './selector.ts'

const Viewer = builder.objectRef<Principal>('Viewer').implement({
  description: 'Who asks, and what they may see.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The name of the caller; "open" where the gateway asks for no credential.',
    }),
    scopes: t.stringList({
      description:
        'What the caller may see. sipis:own: its own selector; sipis:read: every selector; sipis:tokens, sipis:settings: push ' +
        'tokens in clear and allowed settings of these; sipis:ops: the schema and the database.',
      resolve: ({ scopes }) => [...scopes],
    }),
    selector: t.field({
      type: Selector,
      nullable: true,
      description: "The caller's own selector, where the caller is a device; null otherwise.",
      resolve: ({ selector }, _, { loaders }) => (selector === null ? null : loaders.selectors.byName(selector)),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({ type: Viewer, description: 'Who I am, and what I may see.', resolve: (_, __, { principal }) => principal }),
)
