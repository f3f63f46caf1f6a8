import { DatabaseError } from '../errors/database-error.ts'
import { Problem } from '../errors/problem.ts'

const corrupt = 'The answer is not that of a PostgreSQL server: correct host and port.'
const untrusted =
  "The server's certificate is not signed by an authority that is trusted here: set sslrootcert to the certificate of yours."

/** How to fix a database that cannot be used, by SQLSTATE or code of the operating system. */
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: start PostgreSQL, or correct host and port.',
  ECONNRESET:
    'The connection was closed before PostgreSQL answered: correct host and port, and look into the log of the server.',
  EPIPE:
    'The connection was closed before PostgreSQL answered: correct host and port, and look into the log of the server.',
  ENOENT: 'There is no such socket: start PostgreSQL, or correct the folder of the socket and the port.',
  EACCES: 'This user may not use the socket: correct its folder, or the permissions.',
  ENOTFOUND: 'The host name is unknown: correct it.',
  EAI_AGAIN: 'The host name cannot be looked up now: check the name service.',
  ETIMEDOUT: 'The host does not answer: check address, firewall and network.',
  EHOSTUNREACH: 'The host cannot be reached: check address and network.',
  ENETUNREACH: 'The host cannot be reached: check address and network.',
  CONNECTION:
    'The connection was closed before PostgreSQL answered: correct host and port, and look into the log of the server.',
  CONNECT_TIMEOUT: 'No answer came in time: check that PostgreSQL listens there, and the network between.',
  NOT_POSTGRESQL: corrupt,
  NO_PASSWORD: 'Set one in the connection string, in PGPASSWORD or in a password file (~/.pgpass, mode 0600).',
  AUTHENTICATION_METHOD:
    'The gateway knows the methods trust, password, md5, scram-sha-256, peer, ident and cert: choose one of them in pg_hba.conf.',
  TLS_NOT_OFFERED: 'Switch ssl on in the server, or allow a connection without it: sslmode=prefer.',
  ERR_SSL_WRONG_VERSION_NUMBER: corrupt,
  EPROTO: 'TLS could not be set up: check ssl_min_protocol_version and the ciphers of the server.',
  CERT_HAS_EXPIRED: "The server's certificate has expired: renew it.",
  CERT_NOT_YET_VALID: "The server's certificate is not valid yet: check the clocks of both machines.",
  CERT_REVOKED: "The server's certificate is revoked: give the server another one.",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "The server's certificate is for another name: connect by the name in the certificate, or correct the certificate.",
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  '28P01': 'User or password is wrong: correct them.',
  '28000':
    'The server does not take this role from here: check that the role exists and may log in, and look for a line in pg_hba.conf for this role, database, address and encryption (sslmode).',
  '3D000': 'There is no database of this name: correct it, or create it.',
  '42501': 'The role may not do this: GRANT it the privilege.',
  '53300': 'The server has no connection left: raise max_connections, or lower DATABASE_POOL_SIZE.',
  '57P03': 'The server is starting up or shutting down: try again in a moment.',
  '57014': 'The server took too long: raise DATABASE_STATEMENT_TIMEOUT_MS.',
  '08P01': corrupt,
  ERR_OUT_OF_RANGE: corrupt,
}

/** Codes of failures that may pass without a change of the configuration. */
const transientCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CONNECTION',
  'CONNECT_TIMEOUT',
  '53300',
  '57P01',
  '57P03',
])

/** The database is unavailable now. Connecting again may succeed. */
export class Unreachable extends Problem {}

const tls = /SSL|TLS|certificate|self[- ]signed/i

/** Describes a failure to use the database, with how to fix it. */
export function connectProblem(label: string, error: DatabaseError): Problem {
  const hint =
    advice[error.code] ??
    (tls.test(error.message) ? 'Check sslmode and sslrootcert.' : 'Look into the log of the server.')
  const message = `The database ${label} cannot be used: ${sentence(error)}. ${hint}`
  const Kind = transientCodes.has(error.code) ? Unreachable : Problem
  return new Kind(message, 'PROBLEM', error.code)
}

/** The message on one line, without control characters, which could manipulate the terminal. */
function sentence({ message, code }: DatabaseError): string {
  const line = message.replaceAll(/\p{C}+|\s+/gu, ' ').trim()
  return (line || code).slice(0, 300).replace(/\.$/, '')
}

/**
 * Runs `use`, the first use of a database.
 *
 * @throws Problem with how to fix it, instead of a DatabaseError
 */
export async function orProblem<T>(label: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    throw error instanceof DatabaseError ? connectProblem(label, error) : error
  }
}
