import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import { defaultPageSize, maxPageSize } from '../loaders/keyset.ts'
import type { Context } from './context.ts'

export interface SchemaTypes {
  Context: Context
  Scalars: { DateTime: { Input: string; Output: string }; ID: { Input: string; Output: string } }
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
  Connection: { totalCount: Promise<number>; rangeCount: Promise<number> }
}

const sizes = `0 to ${maxPageSize}; ${defaultPageSize} if neither \`first\` nor \`last\` is given. Other values are BAD_USER_INPUT.`

/** Pothos schema builder. The other files of this folder register their types on it; schema.ts builds the schema. */
export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [RelayPlugin],
  defaultFieldNullability: false,
  relay: {
    cursorType: 'String',
    nodesOnConnection: { description: 'The items of this page, without edges and cursors.' },
    edgesFieldOptions: {
      nullable: false,
      description: 'The items of this page with their cursors, in the requested order.',
    },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    cursorFieldOptions: {
      description:
        'Position of this item, to pass to `after` or `before`. Opaque; valid only for the same field and `orderBy`. Example: ' +
        'MWMAMjAyNi0xMS0yMiAwNjoyNDoxNy43MDE4MjcrMDAANDI',
    },
    pageInfoFieldOptions: { description: 'Cursors of this page, and whether more items exist on either side.' },
    pageInfoTypeOptions: {
      description: 'Pagination state of one page, as defined by the Relay cursor connections specification.',
    },
    hasNextPageFieldOptions: {
      description:
        'Whether more items follow this page. Exact when paging with `first`; when paging with `last`, true if `before` was given.',
    },
    hasPreviousPageFieldOptions: {
      description:
        'Whether more items precede this page. Exact when paging with `last`; when paging with `first`, true if `after` was given.',
    },
    startCursorFieldOptions: {
      description:
        'Cursor of the first item; null if the page is empty. Pass it to `before` to read the previous page.',
    },
    endCursorFieldOptions: {
      description: 'Cursor of the last item; null if the page is empty. Pass it to `after` to read the next page.',
    },
    firstArgOptions: { description: `Number of items to return from the start of the list: ${sizes}` },
    lastArgOptions: { description: `Number of items to return from the end of the list: ${sizes}` },
    afterArgOptions: { description: 'Return only items after this cursor, exclusive.' },
    beforeArgOptions: { description: 'Return only items before this cursor, exclusive.' },
    nodeTypeOptions: {
      description: 'An object with a global id, which `node` and `nodes` accept. Types may be added.',
    },
    // Defined in node.ts, because the plugin's own fields fail the whole list for one malformed id.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
  },
})

builder.queryType({
  description: 'The entry points of the API. It is read-only: there are no mutations.',
})
