import type { FormEvent } from 'react'
import { useState } from 'react'

interface Props {
  readonly reason: string
  readonly onSignIn: (credential: string) => void
}

const sentences: Readonly<Record<string, string>> = {
  MISSING: 'This gateway answers only with a credential.',
  EXPIRED: 'Your credential has expired. Sign in with a new one to go on where you were.',
  INVALID: 'The gateway does not accept this credential. Check that it is complete, and that it was not revoked.',
}

/** The field has no name and the form no address, so that a credential cannot get into a URL. */
export function SignIn({ reason, onSignIn }: Props) {
  const [given, setGiven] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const credential = given.trim().replace(/^Bearer\s+/i, '')
    // Other characters are in no credential, and fetch refuses them in a header.
    if (/^[\x21-\x7e]+$/.test(credential)) onSignIn(credential)
  }
  return (
    <main className="lonely">
      <h1>SIPIS console</h1>
      <p role="status">{sentences[reason] ?? sentences['INVALID']}</p>
      <form onSubmit={submit} className="sign-in">
        <label htmlFor="credential">API key or JSON Web Token</label>
        <input
          id="credential"
          type="password"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: the page has this field alone.
          autoFocus
          value={given}
          onChange={({ target }) => setGiven(target.value)}
        />
        <button type="submit">Sign in</button>
      </form>
      <p className="quiet">
        It stays in the memory of this tab: closing or reloading the tab forgets it. It needs the scope{' '}
        <code>sipis:read</code>; <code>sipis:settings</code> shows account settings, <code>sipis:tokens</code> reveals
        push tokens.
      </p>
    </main>
  )
}
