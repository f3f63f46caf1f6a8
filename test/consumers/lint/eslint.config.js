import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import graphql from '@graphql-eslint/eslint-plugin'

const { configs } = graphql
const schema = readFileSync(fileURLToPath(import.meta.resolve('sipis-gateway/schema.graphql')), 'utf8')

export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          exceptions: {
            suffixes: ['Connection', 'Edge', 'Stat', 'Stats'],
            // Parts of another object, which no client looks up or keeps by themselves.
            types: ['Changes', 'Database', 'PageInfo', 'Setting', 'SipAddress', 'TableVersion', 'Viewer'].concat(
              // What was counted at a moment.
              ['Latency', 'PushHealth', 'Server', 'ServerProcess', 'Servers', 'TopCaller', 'TopCallers'],
            ),
          },
        },
      ],
      // Connections have `nodes` beside `edges`, and short lists of what has no id need no pages.
      '@graphql-eslint/relay-edge-types': ['error', { withEdgeSuffix: true, listTypeCanWrapOnlyEdgeType: false }],
    },
  },
]
