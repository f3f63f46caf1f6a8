/** Who asks. The credential is kept in memory alone: a reload forgets it. */
import type { ReactNode } from 'react'
import { createContext, useContext, useMemo, useState } from 'react'
import { Provider, useQuery } from 'urql'
import { ViewerDocument } from '../client/documents.ts'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { createGatewayClient } from './client.ts'
import { SignIn } from './sign-in.tsx'

export interface Session {
  readonly name: string
  readonly scopes: readonly string[]
  readonly credential: string | undefined
  /** Undefined where the gateway needs no credential. */
  readonly signOut: (() => void) | undefined
}

const SessionContext = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('No session')
  return session
}

/** Shows its children once the gateway has accepted the caller, with the route that was asked for. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [credential, setCredential] = useState<string>()
  const [refusal, setRefusal] = useState<string>()
  const client = useMemo(() => createGatewayClient(credential, setRefusal), [credential])
  if (refusal !== undefined) {
    const signIn = (given: string) => {
      setRefusal(undefined)
      setCredential(given)
    }
    return <SignIn reason={credential === undefined ? 'MISSING' : refusal} onSignIn={signIn} />
  }
  const signOut = () => {
    setCredential(undefined)
    setRefusal('MISSING')
  }
  return (
    <Provider key={credential ?? ''} value={client}>
      <Identified credential={credential} signOut={credential === undefined ? undefined : signOut}>
        {children}
      </Identified>
    </Provider>
  )
}

type IdentifiedProps = Pick<Session, 'credential' | 'signOut'> & { readonly children: ReactNode }

function Identified({ credential, signOut, children }: IdentifiedProps) {
  const [{ data, error }, again] = useQuery({ query: ViewerDocument, variables: {} })
  const [problem] = problemsOf(error)
  const session = useMemo(
    () => (data === undefined ? undefined : { ...data.viewer, credential, signOut }),
    [data, credential, signOut],
  )
  if (session !== undefined) return <SessionContext value={session}>{children}</SessionContext>
  if (problem === undefined || problem.code === 'UNAUTHENTICATED') return <p className="lonely">Asks the gateway …</p>
  return (
    <main className="lonely">
      <ProblemNote problem={problem} onRetry={again} />
    </main>
  )
}
