import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Principal } from '../auth/principal.ts'
import type { NamedDocument } from '../limits/documents.ts'
import { RefusedDocument } from '../limits/documents.ts'
import type { Usage } from '../loaders/usage.ts'
import { namedSelectors } from './named-selectors.ts'
import { Refusal } from './refusal.ts'

/** A request of a principal, as far as it came. Of its variables only the selectors in them are written, as hashes. */
export interface AuditEntry {
  readonly principal: Principal
  operationName?: string | null | undefined
  prepared?: NamedDocument | undefined
  variables?: Readonly<Record<string, unknown>> | null | undefined
  usage?: Usage
  /** The codes of its errors. */
  outcome: readonly string[]
  durationMs: number
}

export type Audit = (entry: AuditEntry) => void

const selectorsPerLine = 100

/**
 * Writes a line for each operation, and more where it names or reads more than 100 selectors. Selectors are written as a keyed
 * hash, so that only the owner of the key can find out whose history was read.
 */
export function openAudit(logger: Logger, key: string | Uint8Array): Audit {
  const secret = createSecretKey(Buffer.from(key))
  const hash = (selector: string) => createHmac('sha256', secret).update(selector).digest('hex').slice(0, 16)
  return (entry) => {
    const { principal, operationName, prepared, usage, outcome, durationMs } = entry
    const selectors = selectorsOf(entry)
    const parts = Math.max(1, Math.ceil(selectors.length / selectorsPerLine))
    const id = randomBytes(8).toString('hex')
    const who = isDevice(principal) ? `device:${hash(principal.selector ?? principal.name)}` : principal.id
    for (let part = 1; part <= parts; part++) {
      logger.info(
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
          outcome: outcome.length === 0 ? 'ok' : [...new Set(outcome)].join(' '),
          ms: Math.round(durationMs * 10) / 10,
        },
        'operation',
      )
    }
  }
}

/** The entry of a request, and whether it is written when it succeeds. */
export interface OpenEntry extends AuditEntry {
  isOperation: boolean
}

/** Does the work of a request and writes what became of it, also where it fails. */
export async function audited<T>(
  audit: Audit,
  principal: Principal,
  response: ServerResponse,
  work: (entry: OpenEntry) => Promise<T>,
): Promise<T> {
  const started = performance.now()
  const entry: OpenEntry = { principal, isOperation: true, outcome: [], durationMs: 0 }
  try {
    return await work(entry)
  } catch (error) {
    entry.isOperation = true
    entry.outcome = error instanceof Refusal || error instanceof RefusedDocument ? codesOf(error) : ['INTERNAL']
    throw error
  } finally {
    if (response.destroyed) entry.outcome = ['DISCONNECTED', ...entry.outcome]
    entry.durationMs = performance.now() - started
    if (entry.isOperation) audit(entry)
  }
}

/** Those that were read or looked for; and where fields failed, those that they name. */
function selectorsOf({ usage, prepared, variables, outcome }: AuditEntry): string[] {
  const named = prepared === undefined || outcome.length === 0 ? [] : namedSelectors(prepared, variables ?? {})
  return [...new Set([...(usage?.selectors ?? []), ...named])]
}

export function codesOf({
  errors = [],
}: {
  readonly errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[]
}): string[] {
  return errors.map(({ extensions }) => String(extensions['code']))
}

/** The name in the document. What the caller asks for instead may be any text, so it is written only as a name of GraphQL. */
function nameOf(prepared: NamedDocument | undefined, asked: string | null | undefined): string | undefined {
  const name = prepared?.operation(asked)?.name?.value ?? asked
  if (name == null) return undefined
  return /^[_A-Za-z][_0-9A-Za-z]*$/.test(name) ? name.slice(0, 100) : 'not a name'
}

/** Also one that has been given no scope for its own selector. */
function isDevice({ selector, name }: Principal): boolean {
  return selector !== null || /^[0-9A-F]{40}/i.test(name)
}
