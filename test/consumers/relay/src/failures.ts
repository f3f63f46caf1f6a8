/** The queries of shared/documents.graphql, each with a @catch where its error is. */
import { graphql } from 'relay-runtime'

export const failing = {
  ForbiddenList: graphql`
    query failuresForbiddenListQuery {
      viewer {
        name
      }
      calls(first: 1) @catch {
        nodes {
          id
        }
      }
    }
  `,
  TimeoutCount: graphql`
    query failuresTimeoutCountQuery($name: String!) {
      selector(name: $name) {
        name
        calls(first: 1) {
          totalCount @catch
        }
      }
    }
  `,
  TooCostlyBody: graphql`
    query failuresTooCostlyBodyQuery($name: String!) {
      selector(name: $name) {
        messages(first: 1) {
          nodes {
            messageId
            body @catch
          }
        }
      }
    }
  `,
  BadCursor: graphql`
    query failuresBadCursorQuery($name: String!, $after: String) {
      selector(name: $name) {
        name
        calls(first: 1, after: $after) @catch {
          nodes {
            id
          }
        }
      }
    }
  `,
  BadEnum: graphql`
    query failuresBadEnumQuery($name: String!, $orderBy: TimeOrder) {
      selector(name: $name) {
        calls(first: 1, orderBy: $orderBy) @catch {
          nodes {
            id
          }
        }
      }
    }
  `,
  Expired: graphql`
    query failuresExpiredQuery {
      viewer {
        name
      }
    }
  `,
}
