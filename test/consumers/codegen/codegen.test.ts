import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DocumentNode } from 'graphql'
import type { FailureName } from '../shared/failures.ts'
import { checkFailures } from '../shared/failures.ts'
import { startGateway } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'
import { useFragment } from './src/gql/fragment-masking.ts'
import * as documents from './src/gql/graphql.ts'
import * as throwing from './src/gql-throwing/graphql.ts'
import { CallLine, History, reasonText } from './src/history.ts'
import { request } from './src/request.ts'

const api = { url: stage.urls.api, credential: stage.credentials.device }

const failing: Readonly<Record<FailureName, DocumentNode>> = {
  ForbiddenList: documents.ForbiddenListDocument,
  TimeoutCount: documents.TimeoutCountDocument,
  TooCostlyBody: documents.TooCostlyBodyDocument,
  BadCursor: documents.BadCursorDocument,
  BadEnum: documents.BadEnumDocument,
  Expired: documents.ExpiredDocument,
}

type Page = NonNullable<NonNullable<documents.HistoryQuery['selector']>['calls']>

async function read(after: string | null): Promise<Page> {
  const { data } = await request(History, { name: stage.selector, after }, api)
  const page = data?.selector?.calls
  ok(page)
  return page
}

describe('The client of graphql-codegen', () => {
  it('reads the history to its end', async () => {
    const times: string[] = []
    for (let after: string | null = null; ; ) {
      const page: Page = await read(after)
      for (const line of page.nodes) {
        const { time, missedReason } = useFragment(CallLine, line)
        times.push(time)
        ok(reasonText(missedReason))
      }
      if (!page.pageInfo.hasNextPage) break
      after = page.pageInfo.endCursor ?? null
    }
    strictEqual(times.length, stage.calls)
    deepStrictEqual(times, times.toSorted().toReversed())
  })

  it('has an error where it gives a wrong type to a filter', async () => {
    // @ts-expect-error: since is a text.
    const filter: documents.CallFilter = { since: 1 }
    const { errors } = await request(History, { name: stage.selector, filter }, api)
    deepStrictEqual(errors?.[0]?.extensions?.['argument'], ['filter', 'since'])
  })

  checkFailures(async (name, { variables, ...to }) => {
    const { data, errors = [] } = await request<unknown, object>(failing[name], variables, to)
    return { data, errors }
  })

  it('has types without null for @semanticNonNull if it throws the errors of fields', async () => {
    const to = { url: stage.urls.api, credential: stage.credentials.reader }
    const { data } = await request(throwing.ForbiddenListDocument, {}, to)
    ok(data)
    strictEqual(data.calls.nodes.length, 1)
    const usual: documents.ForbiddenListQuery = data
    // @ts-expect-error: without this option a client has to expect null.
    strictEqual(usual.calls.nodes.length, 1)
  })

  it('has all its documents trusted by its manifest', async () => {
    const manifest = fileURLToPath(new URL('src/gql/persisted-documents.json', import.meta.url))
    strictEqual(Object.keys(JSON.parse(await readFile(manifest, 'utf8'))).length, 7)
    const settings = { ...stage.settings.api, TRUSTED_DOCUMENTS: manifest, TRUSTED_ONLY: 'true' }
    await using gateway = await startGateway(stage.command, settings)
    const only = { ...api, url: gateway.url }
    const { data } = await request(History, { name: stage.selector }, only, 'hash')
    strictEqual(data?.selector?.calls?.nodes.length, 20)
    const { errors } = await request(History, { name: stage.selector }, only, 'text')
    strictEqual(errors?.[0]?.extensions?.['code'], 'DOCUMENT_NOT_TRUSTED')
  })
})
