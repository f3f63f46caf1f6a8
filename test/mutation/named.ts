/**
 * Hand-written faults that earlier versions of the tests did not detect. Every run includes them, for any selection of folders.
 * `find` occurs in the file exactly once and within one expression.
 */
interface NamedFault {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const namedFaults: readonly NamedFault[] = [
  {
    name: 'maySee ignores case',
    file: 'src/auth/principal.ts',
    find: 'principal.selector === selector',
    replace: 'principal.selector?.toLowerCase() === selector.toLowerCase()',
  },
  {
    name: 'a lane cancels the running statement although another one is abandoned',
    file: 'src/database/lane.ts',
    find: 'running?.isAbandoned !== true',
    replace: 'running === undefined',
  },
  {
    name: 'a statement that a late cancel request hits is not sent again',
    file: 'src/database/lane.ts',
    find: 'outcome.code === queryCanceled && wasCancelled && !query.isAbandoned',
    replace: 'false',
  },
  {
    name: 'settings return the oldest entry of a name instead of the newest',
    file: 'src/loaders/settings.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text.
    find: '${rowid} DESC',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text.
    replace: '${rowid}',
  },
  {
    name: 'settings return the requested names of all fields to each field',
    file: 'src/loaders/settings.ts',
    find: '.filter(({ name }) => keys[index]?.names.includes(name))',
    replace: '',
  },
  {
    name: 'the key of an identity lacks its selector',
    file: 'src/loaders/collection.ts',
    find: 'JSON.stringify([value, selector])',
    replace: 'JSON.stringify([value])',
  },
  {
    name: 'the key of an orphan lacks the key of its selector',
    file: 'src/loaders/orphan-push-tests.ts',
    find: 'JSON.stringify([key, pushId])',
    replace: 'JSON.stringify([pushId])',
  },
  {
    name: 'orphans include push tests with a selector',
    file: 'src/loaders/orphan-push-tests.ts',
    find: 'WHERE NOT EXISTS',
    replace: 'WHERE true OR NOT EXISTS',
  },
  {
    name: 'pages with a filter use the lane of pages without',
    file: 'src/loaders/collection-statements.ts',
    find: 'conditions.length === 0 ? lookUps : searches',
    replace: 'lookUps',
  },
  {
    name: 'a query that costs exactly the limit is rejected',
    file: 'src/http/graphql/operation.ts',
    find: 'cost <= limits.cost',
    replace: 'cost < limits.cost',
  },
  {
    name: 'documents are cached without a limit of characters',
    file: 'src/documents/documents.ts',
    find: 'maxSize: cachedCharacters',
    replace: 'maxSize: 1e15',
  },
  {
    name: 'documents are cached without a limit of entries',
    file: 'src/documents/documents.ts',
    find: 'max: cachedDocuments',
    replace: 'max: 200_000',
  },
  {
    name: 'costs are cached without a limit of entries',
    file: 'src/documents/cost-cache.ts',
    find: 'known.length === maxEntries',
    replace: 'false',
  },
  {
    name: 'tokens are cached without a limit of entries',
    file: 'src/auth/jwt.ts',
    find: 'max: maxTokens',
    replace: 'max: 200_000',
  },
]
