import { createHmac, createSecretKey, randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../../auth/principal.ts'
import { has } from '../../auth/principal.ts'
import type { NamedDocument } from '../../documents/documents.ts'
import { RefusedDocument } from '../../documents/documents.ts'
import type { Usage } from '../../loaders/usage.ts'
import type { Receiver } from '../receiver.ts'
import { Refusal } from '../refusal.ts'
import { namedSelectors } from './named-selectors.ts'

/** Audit data of one request, filled in as it is processed. Of the variables only selectors are logged, as hashes. */
export interface AuditEntry {
  readonly principal: Principal
  operationName?: string | null | undefined
  prepared?: NamedDocument | undefined
  variables?: Readonly<Record<string, unknown>> | null | undefined
  usage?: Usage
  /** Counted towards RATE_LIMIT_COST. */
  cost: number
  /** Settings of the limits that the operation exceeded. */
  limits: readonly string[]
  /** Error codes; empty on success. */
  outcome: readonly string[]
  durationMs: number
}

export type Audit = (entry: AuditEntry) => void

/** Where the lines go; a logger of pino is one. */
interface AuditLines {
  info(fields: object, message: string): void
}

const selectorsPerLine = 100

/**
 * Creates the audit log, which writes one line per operation, and one per 100 selectors if there are more. Selectors are logged as
 * keyed hashes, so that only the owner of the key can identify them.
 */
export function createAudit(lines: AuditLines, key: string | Uint8Array): Audit {
  const secret = createSecretKey(Buffer.from(key))
  const hashes = new LRUCache<string, string>({
    max: 10_000,
    maxSize: 1_000_000,
    sizeCalculation: (_, selector) => selector.length + 1,
    memoMethod: (selector) => createHmac('sha256', secret).update(selector).digest('hex').slice(0, 16),
  })
  const hash = (selector: string) => hashes.memo(selector)
  return (entry) => {
    const { principal, operationName, prepared, usage, outcome, durationMs } = entry
    const selectors = selectorsOf(entry)
    const parts = Math.max(1, Math.ceil(selectors.length / selectorsPerLine))
    const id = randomId()
    const who = isDevice(principal) ? `device:${hash(principal.selector ?? principal.name)}` : principal.id
    for (let part = 1; part <= parts; part++) {
      lines.info(
        {
          audit: true,
          id,
          part,
          parts,
          who,
          scopes: principal.scopes,
          operation: nameOf(prepared, operationName),
          document: prepared?.hash,
          selectors: selectors.slice((part - 1) * selectorsPerLine, part * selectorsPerLine).map(hash),
          selectorCount: selectors.length,
          rows: usage?.rows ?? 0,
          ...noteworthy(entry, selectors),
          outcome: outcome.length === 0 ? 'ok' : [...new Set(outcome)].join(' '),
          ms: Math.round(durationMs * 10) / 10,
        },
        'operation',
      )
    }
  }
}

/** 64 random bits as 16 hexadecimal digits: those of a UUID that say nothing, because Node keeps random bytes for these. */
function randomId(): string {
  const uuid = randomUUID()
  return uuid.slice(0, 8) + uuid.slice(24, 32)
}

/** Audit entry of a request in progress. `isOperation` is false if it is logged only on failure. */
export interface PendingAuditEntry extends AuditEntry {
  isOperation: boolean
}

/** Processes a request and logs its outcome, including failures. */
export async function audited<T>(
  audit: Audit,
  principal: Principal,
  receiver: Receiver,
  work: (entry: PendingAuditEntry) => Promise<T>,
): Promise<T> {
  const started = performance.now()
  const entry: PendingAuditEntry = {
    principal,
    isOperation: true,
    outcome: [],
    cost: 0,
    limits: [],
    durationMs: 0,
  }
  try {
    return await work(entry)
  } catch (error) {
    entry.isOperation = true
    entry.outcome = error instanceof Refusal || error instanceof RefusedDocument ? codesOf(error) : ['INTERNAL']
    throw error
  } finally {
    if (receiver.destroyed) entry.outcome = ['DISCONNECTED', ...entry.outcome]
    entry.durationMs = performance.now() - started
    if (entry.isOperation) audit(entry)
  }
}

/** Selectors that were read or looked up; on errors also those in arguments, whose fields may not have been resolved. */
function selectorsOf({ usage, prepared, variables, outcome }: AuditEntry): string[] {
  const named = prepared === undefined || outcome.length === 0 ? [] : namedSelectors(prepared, variables ?? {})
  return [...new Set([...(usage?.selectors ?? []), ...named])]
}

interface Failed {
  readonly errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[]
}

export function codesOf({ errors = [] }: Failed): string[] {
  return errors.map(({ extensions }) => String(extensions['code']))
}

/** The settings that the errors name. */
export function limitsOf({ errors = [] }: Failed): string[] {
  return errors.flatMap(({ extensions: { setting } }) => (typeof setting === 'string' ? setting : []))
}

/**
 * Name of the operation in the document, whatever name is requested. Without a document, such as if it could not be parsed, the
 * requested name, which may be any string and is logged only if it is a valid GraphQL name.
 */
export function nameOf(prepared: NamedDocument | undefined, requested: string | null | undefined): string | undefined {
  const name =
    prepared === undefined ? requested : (prepared.operation(requested) ?? prepared.operation(undefined))?.name?.value
  if (name == null) return undefined
  return /^[_A-Za-z][_0-9A-Za-z]*$/.test(name) ? name.slice(0, 100) : 'not a name'
}

/** Whether push tokens were revealed, and whether a device named selectors of others; only where there were any. */
function noteworthy({ principal, usage }: AuditEntry, selectors: readonly string[]): object {
  const revealedTokens = usage?.revealedTokens ?? 0
  const own = principal.selector ?? principal.name
  const isLimited = isDevice(principal) && !has(principal, 'sipis:read')
  // Blanks around a selector are forgiven.
  const foreignSelectors = isLimited ? selectors.filter((selector) => selector.trim() !== own).length : 0
  return {
    ...(revealedTokens > 0 ? { revealedTokens } : {}),
    ...(foreignSelectors > 0 ? { foreignSelectors } : {}),
  }
}

/** Includes devices without the scope sipis:own, whose selector is null. */
function isDevice({ selector, name }: Principal): boolean {
  return selector !== null || /^[0-9A-F]{40}/i.test(name)
}
