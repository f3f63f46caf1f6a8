import { Problem } from '../problem.ts'
import { DatabaseError } from './database-error.ts'

/** What an operator has to do about a database that cannot be used, by SQLSTATE or the operating system's code. */
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: start PostgreSQL, or correct host and port.',
  ENOENT: 'There is no such socket: start PostgreSQL, or correct the folder of the socket.',
  ENOTFOUND: 'The host name is unknown: correct it.',
  EAI_AGAIN: 'The host name cannot be looked up now: check the name service.',
  ETIMEDOUT: 'The host does not answer: check address, firewall and network.',
  EHOSTUNREACH: 'The host cannot be reached: check address and network.',
  CONNECTION: 'The connection ended or was not made in time: check that this is PostgreSQL, and the network between.',
  '28P01': 'User or password is wrong: correct them.',
  '28000': 'The server lets nobody in like this: check pg_hba.conf for this user, database and address, and sslmode.',
  '3D000': 'There is no database of this name: correct it, or create it.',
  '42501': 'The role may not do this: GRANT it the privilege.',
  '53300': 'The server has no connection left: raise max_connections, or lower DATABASE_POOL_SIZE.',
  '57P03': 'The server is starting up or shutting down: try again in a moment.',
  '57014': 'The server took too long: raise DATABASE_STATEMENT_TIMEOUT_MS.',
}

const tls = /SSL|TLS|certificate|self[- ]signed/i

export function connectProblem(label: string, error: DatabaseError): Problem {
  const hint =
    advice[error.code] ??
    (tls.test(error.message) ? 'Check sslmode and sslrootcert.' : 'Look into the log of the server.')
  return new Problem(`The database ${label} cannot be used: ${error.message || error.code}. ${hint}`)
}

/** Runs a first use of the database; where that fails, tells what to do about it. */
export async function orProblem<T>(label: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    throw error instanceof DatabaseError ? connectProblem(label, error) : error
  }
}
