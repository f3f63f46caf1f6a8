import type { LiveState } from './use-changes.ts'

const texts: Readonly<Record<LiveState, string>> = {
  live: 'Live',
  connecting: 'Connects …',
  off: 'Not live',
  unsupported: 'This database does not tell what is new; reload for that',
}

/** Whether the page shows what is stored as it comes. */
export function LiveMark({ state }: { state: LiveState }) {
  return (
    <span className={`live ${state}`} role="status">
      <span className="dot" aria-hidden="true" /> {texts[state]}
    </span>
  )
}
