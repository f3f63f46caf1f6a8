import { graphql } from './graphql.ts'

export const history = graphql(`
  query History($name: String!, $after: String) {
    selector(name: $name) {
      calls(first: 20, after: $after) {
        nodes {
          id
          time
          missedReason
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

/** Those of shared/documents.graphql. */
export const failing = {
  ForbiddenList: graphql('query ForbiddenList { viewer { name } calls(first: 1) { nodes { id } } }'),
  TimeoutCount: graphql(
    'query TimeoutCount($name: String!) { selector(name: $name) { name calls(first: 1) { totalCount } } }',
  ),
  TooCostlyBody: graphql(
    'query TooCostlyBody($name: String!) { selector(name: $name) { messages(first: 1) { nodes { messageId body } } } }',
  ),
  BadCursor: graphql(
    'query BadCursor($name: String!, $after: String) { selector(name: $name) { name calls(first: 1, after: $after) { nodes { id } } } }',
  ),
  BadEnum: graphql(
    'query BadEnum($name: String!, $orderBy: TimeOrder) { selector(name: $name) { calls(first: 1, orderBy: $orderBy) { nodes { id } } } }',
  ),
  Expired: graphql('query Expired { viewer { name } }'),
}
