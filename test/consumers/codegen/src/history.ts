import type { ResultOf } from '@graphql-typed-document-node/core'
import { graphql } from './gql/gql.ts'

export const History = graphql(`
  query History($name: String!, $after: String, $filter: CallFilter) {
    selector(name: $name) {
      name
      calls(first: 20, after: $after, filter: $filter) {
        nodes {
          ...CallLine
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

export const CallLine = graphql(`
  fragment CallLine on Call {
    id
    time
    missedReason
    caller {
      displayName
      uri
    }
  }
`)

/** Enums are open to new values, so that a switch has to have a default. */
export function reasonText(reason: ResultOf<typeof CallLine>['missedReason']): string {
  switch (reason) {
    case 'MISSED':
      return 'missed'
    case 'ANSWERED_ELSEWHERE':
      return 'answered elsewhere'
    default:
      return 'unknown'
  }
}
