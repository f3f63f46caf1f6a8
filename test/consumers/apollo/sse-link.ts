import { ApolloLink, Observable } from '@apollo/client'
import { print } from 'graphql'
import { createClient } from 'graphql-sse'

/** Sends subscriptions over Server-Sent Events, each over a connection of its own. */
export class SseLink extends ApolloLink {
  readonly #client
  constructor(url: string, headers: Record<string, string>) {
    super()
    this.#client = createClient({ url, headers })
  }
  override request({ query, variables, operationName }: ApolloLink.Operation): Observable<ApolloLink.Result> {
    const request = { query: print(query), variables, ...(operationName === undefined ? {} : { operationName }) }
    return new Observable((sink) =>
      this.#client.subscribe<Record<string, unknown>>(request, {
        next: (result) => sink.next(result as ApolloLink.Result),
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      }),
    )
  }
}
