/** Shows the push tests of a selector, and takes what is new of it over Server-Sent Events. */
import type { Environment } from 'relay-runtime'
import { createOperationDescriptor, fetchQuery, getRequest, graphql, requestSubscription } from 'relay-runtime'
import type { subscriptionChangesSubscription } from './__generated__/subscriptionChangesSubscription.graphql.ts'
import type { subscriptionPushTestsQuery } from './__generated__/subscriptionPushTestsQuery.graphql.ts'

const pushTests = graphql`
  query subscriptionPushTestsQuery($name: String!) {
    selector(name: $name) {
      pushTests(first: 100) {
        nodes {
          pushId
          concluded
        }
      }
    }
  }
`

const changes = graphql`
  subscription subscriptionChangesSubscription($selector: String!) {
    changes(selector: $selector) {
      events {
        id
        ... on PushTest {
          pushId
          concluded
        }
      }
      token
    }
  }
`

/** Passes on when a push test was concluded, at first and whenever the store has something else. */
export async function watchPushTest(
  environment: Environment,
  { name, pushId }: { readonly name: string; readonly pushId: string },
  onShown: (concluded: string | null | undefined) => void,
): Promise<void> {
  const operation = createOperationDescriptor(getRequest(pushTests), { name })
  environment.retain(operation)
  await fetchQuery<subscriptionPushTestsQuery>(environment, pushTests, { name }).toPromise()
  const show = (data: unknown) => {
    const { selector } = data as subscriptionPushTestsQuery['response']
    onShown(selector?.pushTests?.nodes.find((node) => node.pushId === pushId)?.concluded)
  }
  const snapshot = environment.lookup(operation.fragment)
  show(snapshot.data)
  environment.subscribe(snapshot, ({ data }) => show(data))
}

/** @returns what ends the subscription */
export function subscribe(environment: Environment, selector: string, onToken: (token: string) => void): () => void {
  return requestSubscription<subscriptionChangesSubscription>(environment, {
    subscription: changes,
    variables: { selector },
    onNext: (response) => {
      if (response?.changes != null) onToken(response.changes.token)
    },
    onError: (error) => {
      throw error
    },
  }).dispose
}
