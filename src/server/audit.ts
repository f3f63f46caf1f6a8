import { createHmac, createSecretKey } from 'node:crypto'
import type { Logger } from 'pino'
import type { Principal } from '../auth/principal.ts'

/** What became of an operation. Variables are never part of it. */
export interface AuditEntry {
  readonly principal: Principal
  readonly operationName: string | undefined
  /** The first 16 hexadecimal digits of the SHA-256 of the document; undefined where there was none. */
  readonly documentHash: string | undefined
  readonly selectors: ReadonlySet<string>
  readonly rows: number
  /** ok, or the codes of its errors. */
  readonly outcome: readonly string[]
  readonly durationMs: number
}

export type Audit = (entry: AuditEntry) => void

const mostSelectors = 20

/**
 * Writes one line for each operation. Selectors appear as a keyed hash: whoever has the key can look for one, nobody else can
 * tell whose history was read.
 */
export function openAudit(logger: Logger, key: string | Uint8Array): Audit {
  const secret = createSecretKey(Buffer.from(key))
  const hash = (selector: string) => createHmac('sha256', secret).update(selector).digest('hex').slice(0, 16)
  return ({ principal, operationName, documentHash, selectors, rows, outcome, durationMs }) => {
    logger.info(
      {
        audit: true,
        who: isDevice(principal) ? `device:${hash(principal.selector ?? principal.name)}` : principal.id,
        scopes: principal.scopes,
        operation: operationName?.slice(0, 100),
        document: documentHash,
        selectors: [...selectors].slice(0, mostSelectors).map(hash),
        selectorCount: selectors.size,
        rows,
        outcome: outcome.length === 0 ? 'ok' : [...new Set(outcome)].join(' '),
        ms: Math.round(durationMs * 10) / 10,
      },
      'operation',
    )
  }
}

/** Also one that has been given no scope for its own selector. */
function isDevice({ selector, name }: Principal): boolean {
  return selector !== null || /^[0-9A-F]{40}/i.test(name)
}
