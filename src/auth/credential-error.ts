/** Why a credential was not accepted. The reason is for the operator's log: it never holds any part of the credential. */
export class CredentialError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'CredentialError'
  }
}

/** The credential cannot be checked now, because the keys to check it with cannot be read. */
export class KeysUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'KeysUnavailable'
  }
}
