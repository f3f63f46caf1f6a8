import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ResultOf, VariablesOf } from 'gql.tada'
import { print } from 'graphql'
import { ClientError, GraphQLClient } from 'graphql-request'
import { checkFailures } from '../shared/failures.ts'
import { stage } from '../shared/stage.ts'
import { failing, history } from './src/documents.ts'

const clientOf = (url: string, credential: string, errorPolicy: 'all' | 'none' = 'all') =>
  new GraphQLClient(url, {
    errorPolicy,
    headers: { accept: 'application/graphql-response+json', authorization: `Bearer ${credential}` },
  })

describe('The client of gql.tada and graphql-request', () => {
  it('reads the history to its end', async () => {
    const client = clientOf(stage.urls.api, stage.credentials.device)
    const times: string[] = []
    for (let after: string | null = null; ; ) {
      const variables: VariablesOf<typeof history> = { name: stage.selector, after }
      const data: ResultOf<typeof history> = await client.request(history, variables)
      const calls = data.selector?.calls
      ok(calls)
      times.push(...calls.nodes.map(({ time }) => time))
      if (!calls.pageInfo.hasNextPage) break
      after = calls.pageInfo.endCursor
    }
    strictEqual(times.length, stage.calls)
  })

  it('has an error where a field is read that was not asked for', async () => {
    const client = clientOf(stage.urls.api, stage.credentials.device)
    const { selector } = await client.request(history, { name: stage.selector })
    // @ts-expect-error: the query has no name.
    deepStrictEqual(selector?.name, undefined)
  })

  checkFailures(async (name, { url, credential, variables }) => {
    const query = print(failing[name])
    try {
      const { data, errors = [] } = await clientOf(url, credential).rawRequest<unknown>(query, variables)
      return { data, errors }
    } catch (error) {
      // Without any data it throws, whatever the policy.
      if (!(error instanceof ClientError)) throw error
      const { data, errors = [] } = error.response
      return { data, errors }
    }
  })
})
