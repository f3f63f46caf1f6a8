/** A credential was rejected. The reason is logged for the operator and never contains any part of the credential. */
export class CredentialError extends Error {
  /** Whether it was good until it expired. Only a credential whose signature or secret is right is called expired. */
  readonly hasExpired: boolean

  constructor(reason: string, { hasExpired = false } = {}) {
    super(reason)
    this.hasExpired = hasExpired
    this.name = 'CredentialError'
  }
}

/** The credential cannot be verified now, because the keys cannot be fetched or read. */
export class KeysUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'KeysUnavailable'
  }
}
