/**
 * PostGraphile 5 with the default preset of its documentation, without extras that a production server does not need.
 * Smart tags add what the tables do not define, as its documentation advises.
 */
import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { listOfCodec, TYPES } from 'postgraphile/@dataplan/pg'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { addPgTableCondition, jsonPgSmartTags } from 'postgraphile/utils'
import { databaseUrl, isV1 } from './environment.ts'
import { announce } from './listen.ts'

const link = isV1 ? 'id' : 'selector'
const toSelector = `(${link}) references selectors (${link})`

/** v2 has no foreign keys, and v1 lacks one; v1's calls and messages have no primary key. */
const smartTags = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      ...(isV1 ? {} : { tokens: { tags: { foreignKey: toSelector } } }),
      sipcalls: { tags: isV1 ? { primaryKey: 'rowid' } : { foreignKey: toSelector } },
      siptextmessages: { tags: isV1 ? { primaryKey: 'rowid' } : { foreignKey: toSelector } },
      pushtests: { tags: { foreignKey: toSelector } },
    },
    attribute: {
      'sipcalls.username': { tags: { behavior: '+filterBy' } },
      'sipcalls.missedreason': { tags: { behavior: '+filterBy' } },
      ...(isV1
        ? {
            'selectors.lastseen': { tags: { behavior: '+orderBy' } },
            'pushtests.started': { tags: { behavior: '+orderBy' } },
          }
        : {}),
    },
  },
})

const since = addPgTableCondition(
  { schemaName: 'public', tableName: 'sipcalls' },
  'since',
  ({ graphql: { GraphQLString } }) => ({ type: GraphQLString }),
  (value, { sql, sqlTableAlias, sqlValueWithCodec }) =>
    sql`${sqlTableAlias}."time" >= ${sqlValueWithCodec(value, TYPES.timestamptz)}`,
)

const names = addPgTableCondition(
  { schemaName: 'public', tableName: 'selectors' },
  'names',
  ({ graphql: { GraphQLList, GraphQLNonNull, GraphQLString } }) => ({
    type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
  }),
  (value, { sql, sqlTableAlias, sqlValueWithCodec }) =>
    sql`${sqlTableAlias}.selector = ANY(${sqlValueWithCodec(value, listOfCodec(TYPES.text))})`,
)

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [smartTags, since, names],
  pgServices: [makePgService({ connectionString: databaseUrl, schemas: ['public'] })],
  grafast: { explain: false },
  grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false, watch: false },
})

const server = createServer()
await instance.createServ(grafserv).addTo(server)
server.listen(0, '127.0.0.1', () => announce(server.address()))
