import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import { defaultPageSize, maxPageSize } from '../loaders/keyset.ts'
import type { Context } from './context.ts'
import { decodeNodeId, encodeNodeId } from './node-id.ts'

export interface SchemaTypes {
  Context: Context
  Scalars: { DateTime: { Input: string; Output: string }; ID: { Input: string; Output: string } }
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
  Connection: { totalCount: Promise<number> }
}

const sizes = `at most ${maxPageSize}; ${defaultPageSize} where neither first nor last is given. More is BAD_USER_INPUT.`

/** All types are added to this one builder by the other files of this folder; schema.ts puts them together. */
export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [RelayPlugin],
  defaultFieldNullability: false,
  relay: {
    cursorType: 'String',
    encodeGlobalID: (typename, id) => encodeNodeId(typename, String(id)),
    decodeGlobalID: decodeNodeId,
    nodesOnConnection: { description: 'The nodes of this page without their edges.' },
    edgesFieldOptions: { nullable: false, description: 'The edges of this page, in the order asked for.' },
    nodeFieldOptions: { nullable: false, description: 'The object itself.' },
    cursorFieldOptions: {
      description: 'Its position, for after and before. Opaque; valid for this field and order only.',
    },
    pageInfoFieldOptions: { description: 'Where this page lies in the whole list.' },
    pageInfoTypeOptions: { description: 'Where a page lies in the whole list, after the Relay specification.' },
    hasNextPageFieldOptions: {
      description: 'Whether there is more behind this page. Of a page asked for by last it says that before was given.',
    },
    hasPreviousPageFieldOptions: {
      description:
        'Whether there is more ahead of this page. Of a page asked for by first it says that after was given.',
    },
    startCursorFieldOptions: { description: 'The cursor of the first edge; null on an empty page.' },
    endCursorFieldOptions: { description: 'The cursor of the last edge; null on an empty page.' },
    firstArgOptions: { description: `How many from the start of the list: ${sizes}` },
    lastArgOptions: { description: `How many from the end of the list: ${sizes}` },
    afterArgOptions: { description: 'Only what follows this cursor.' },
    beforeArgOptions: { description: 'Only what precedes this cursor.' },
    nodeTypeOptions: { description: 'Anything that can be asked for again by its id.' },
    // node.ts has them: the plugin's own refuse a whole list for one malformed id.
    nodeQueryOptions: false,
    nodesQueryOptions: false,
  },
})

builder.queryType({ description: 'All that can be asked. Nothing here changes anything.' })
