import type { Summary } from './summary.ts'
import { summaryOf } from './summary.ts'

/** A summary, or why there is none. */
export type Asked = { readonly summary: Summary } | { readonly problem: string }

const defaultTimeoutMs = 2_000
const mostBytes = 64 * 1_024
const path = '/stats/summary/json'

/** Asks one SIPIS process for its summary. Never throws. */
export async function askProcess(origin: string, timeoutMs = defaultTimeoutMs): Promise<Asked> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    // A redirection could lead to any address inside the network.
    const response = await fetch(new URL(path, origin), {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/json' },
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return { problem: `it answers with the HTTP status ${response.status}` }
    }
    const text = await textOf(response)
    const summary = text === undefined ? undefined : summaryOf(text)
    return summary === undefined ? { problem: 'its answer is not the summary of a SIPIS' } : { summary }
  } catch (error) {
    return { problem: signal.aborted ? `no answer within ${timeoutMs / 1_000} seconds` : reasonOf(error) }
  }
}

/** Undefined if it is longer than a summary can be. */
async function textOf({ body }: Response): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  // Leaving the loop cancels the rest.
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    if (text.length > mostBytes) return undefined
  }
  return text + decoder.decode()
}

/** The code of the operating system, which the message of fetch does not have. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it closed the connection'
  return code
}
