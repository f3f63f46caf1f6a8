import { useEffect, useState } from 'react'

export interface Readiness {
  readonly status: string
  /** Why the gateway is not ready, by part. */
  readonly reasons: Readonly<Record<string, string>>
}

/** What /ready says, which is public. Undefined until it has answered. */
export function useReady(): Readiness | undefined {
  const [ready, setReady] = useState<Readiness>()
  useEffect(() => {
    const ending = new AbortController()
    read(ending.signal).then(setReady, () => undefined)
    return () => ending.abort()
  }, [])
  return ready
}

async function read(signal: AbortSignal): Promise<Readiness> {
  const response = await fetch('/ready', { signal, credentials: 'omit' })
  const { status, reasons } = await response.json()
  return { status: String(status), reasons: typeof reasons === 'object' && reasons !== null ? reasons : {} }
}
