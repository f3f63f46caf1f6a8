import type { ReactNode } from 'react'

/** A table that scrolls by itself where the window is narrow. */
export function ScrollTable({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a section is a panel of the page here.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>{children}</table>
    </div>
  )
}
