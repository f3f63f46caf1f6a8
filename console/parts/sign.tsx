import type { Level } from '../selector/verdict.ts'

/** Drawn, because fonts lack such characters. */
const signs: Readonly<Record<Level, { path: string; spoken: string }>> = {
  good: { path: 'M3 9l4 4 7-9', spoken: 'good: ' },
  unsure: { path: 'M8 2v8M8 13v1.5', spoken: 'unsure: ' },
  bad: { path: 'M3 3l10 10M13 3L3 13', spoken: 'bad: ' },
}

export function Sign({ level }: { level: Level }) {
  const { path, spoken } = signs[level]
  return (
    <>
      <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
        <path d={path} />
      </svg>
      <span className="hidden">{spoken}</span>
    </>
  )
}
