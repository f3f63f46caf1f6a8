/** Why a credential was not accepted. The reason is for the operator's log: it never holds any part of the credential. */
export class CredentialError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'CredentialError'
  }
}

/** The credential cannot be judged now, because the issuer's keys have never been fetched. */
export class KeysUnavailable extends Error {
  constructor(cause: unknown) {
    super("The issuer's keys cannot be fetched.", { cause })
    this.name = 'KeysUnavailable'
  }
}
