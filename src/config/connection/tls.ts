/** Translates sslmode and its companions into options of Node's TLS. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { createSecureContext, getCACertificates } from 'node:tls'
import { Problem } from '../../errors/problem.ts'
import type { Parameters } from './parameters.ts'

export interface Encryption {
  readonly ssl: false | ConnectionOptions
  readonly tlsIsOptional: boolean
  readonly sslnegotiation: 'postgres' | 'direct'
}

const none: Encryption = { ssl: false, tlsIsOptional: false, sslnegotiation: 'postgres' }

/** Treats `allow` as `prefer`, which encrypts if the server offers it, not only if the server requires it. */
export function encryption(parameters: Parameters, isSocket: boolean): Encryption {
  const isSystem = parameters.get('sslrootcert') === 'system'
  const mode = parameters.get('sslmode') || (isSystem ? 'verify-full' : 'prefer')
  const isDirect = parameters.get('sslnegotiation') === 'direct'
  const isWeak = ['disable', 'allow', 'prefer'].includes(mode)
  if (isSystem && mode !== 'verify-full') throw weak(parameters, 'sslrootcert=system', 'verify-full')
  if (isDirect && isWeak) throw weak(parameters, 'sslnegotiation=direct', 'require')
  // Like libpq, does not encrypt connections over a socket file.
  if (isSocket || mode === 'disable') return none
  const ssl = {
    ...certificates(parameters),
    ...trust(parameters, mode),
    ...versions(parameters),
    ...nameOf(parameters, mode),
  }
  refuseUnusable(ssl, parameters)
  return { ssl, tlsIsOptional: isWeak, sslnegotiation: isDirect ? 'direct' : 'postgres' }
}

function weak(parameters: Parameters, because: string, wanted: string): Problem {
  return new Problem(`${parameters.whereIs('sslmode')} is weaker than ${because} needs. Set sslmode=${wanted}.`)
}

/** How the server's certificate is verified. */
function trust(parameters: Parameters, mode: string): ConnectionOptions {
  if (parameters.get('sslrootcert') === 'system') {
    const system = getCACertificates('system')
    return system.length === 0 ? {} : { ca: system }
  }
  if (mode === 'allow' || mode === 'prefer') return { rejectUnauthorized: false }
  const ca = file(parameters, 'sslrootcert', 'root.crt')
  const crl = file(parameters, 'sslcrl', 'root.crl')
  const authority = { ...(ca === undefined ? {} : { ca }), ...(crl === undefined ? {} : { crl }) }
  if (mode === 'verify-full') return authority
  if (ca !== undefined) return { ...authority, checkServerIdentity: () => undefined }
  if (mode === 'require') return { rejectUnauthorized: false }
  throw new Problem(
    `${parameters.whereIs('sslmode')} is verify-ca, but there is no certificate of an authority. Set sslrootcert to its file, or sslmode to verify-full.`,
  )
}

/** The client's certificate and key. */
function certificates(parameters: Parameters): ConnectionOptions {
  if (parameters.get('sslcertmode') === 'disable') return {}
  const cert = file(parameters, 'sslcert', 'postgresql.crt')
  if (cert === undefined) return {}
  const key = file(parameters, 'sslkey', 'postgresql.key')
  if (key === undefined) {
    throw new Problem(`${parameters.whereIs('sslcert')} has no private key. Set sslkey to its file.`)
  }
  const passphrase = parameters.get('sslpassword')
  return { cert, key, ...(passphrase === '' ? {} : { passphrase }) }
}

function versions(parameters: Parameters): ConnectionOptions {
  const minVersion = version(parameters.get('ssl_min_protocol_version'))
  const maxVersion = version(parameters.get('ssl_max_protocol_version'))
  return { ...(minVersion === undefined ? {} : { minVersion }), ...(maxVersion === undefined ? {} : { maxVersion }) }
}

const known: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

function version(text: string): SecureVersion | undefined {
  return known.find((one) => one === text)
}

/** If both hostaddr and host are set, the certificate must be for host. */
function nameOf(parameters: Parameters, mode: string): ConnectionOptions {
  if (parameters.get('hostaddr') === '') return {}
  const host = parameters.get('host')
  if (host === '' && mode === 'verify-full') {
    throw new Problem(
      `${parameters.whereIs('hostaddr')} gives no name that the server's certificate could be for. Set host beside it.`,
    )
  }
  return host === '' || isIP(host) !== 0 ? {} : { servername: host }
}

/** Reads a file, which must exist if it is named; the default file is optional. */
function file(parameters: Parameters, keyword: string, byDefault: string): string | undefined {
  const named = parameters.get(keyword)
  const path = named || parameters.home('.postgresql', byDefault)
  if (named === '' && !existsSync(path)) return undefined
  try {
    if (keyword === 'sslkey' && (statSync(path).mode & 0o037) !== 0) throw openKey(parameters)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(`${parameters.whereIs(keyword)} names a file that cannot be read. Correct its path.`)
  }
}

function openKey(parameters: Parameters): Problem {
  return new Problem(
    `${parameters.whereIs('sslkey')} names a private key that others than its owner may access. Make it chmod 0600.`,
  )
}

function refuseUnusable(ssl: ConnectionOptions, parameters: Parameters): void {
  try {
    createSecureContext(ssl)
    // Node silently ignores a text that is not a certificate.
    if (typeof ssl.ca === 'string') void new X509Certificate(ssl.ca)
  } catch {
    throw new Problem(
      `${parameters.whereIs('sslmode')}: a certificate, key or list of revoked certificates cannot be used. Check sslrootcert, sslcert, sslkey, sslpassword, sslcrl and the protocol versions.`,
    )
  }
}
