import { readFileSync } from 'node:fs'
import { createClient } from 'graphql-sse'
import type { GraphQLResponse, SubscribeFunction } from 'relay-runtime'
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime'

/** The manifest that the compiler writes. */
export const manifest = `${process.cwd()}/persisted.json`
const texts: Readonly<Record<string, string>> = JSON.parse(readFileSync(manifest, 'utf8'))

export interface Target {
  readonly url: string
  readonly credential: string
  /** Whether the gateway has the manifest. */
  readonly byId?: boolean
  /** Receives the name of each operation that is sent. */
  readonly onRequest?: (name: string) => void
}

export function environmentOf({ url, credential, byId = false, onRequest }: Target): Environment {
  const sse = createClient({ url, headers: { authorization: `Bearer ${credential}` } })
  const subscribe: SubscribeFunction = ({ id }, variables) =>
    Observable.create((sink) =>
      sse.subscribe<Record<string, unknown>>(
        { query: texts[id ?? ''] ?? '', variables },
        {
          next: (result) => sink.next(result as GraphQLResponse),
          error: (error) => sink.error(Object(error)),
          complete: sink.complete,
        },
      ),
    )
  const network = Network.create(async ({ id, name }, variables): Promise<GraphQLResponse> => {
    onRequest?.(name)
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json',
        'content-type': 'application/json',
        authorization: `Bearer ${credential}`,
      },
      body: JSON.stringify({ ...(byId ? { documentId: id } : { query: texts[id ?? ''] }), variables }),
    })
    return JSON.parse(await response.text())
  }, subscribe)
  return new Environment({ network, store: new Store(new RecordSource()) })
}
