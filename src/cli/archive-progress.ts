import type { ArchiveFacts, ArchiveProgress } from '../tools/archive/options.ts'

const everyMs = { terminal: 1_000, other: 60_000 }

/** One line that is rewritten on a terminal; other streams get one a minute. */
export function followArchive(output: NodeJS.WriteStream): ArchiveProgress & Disposable {
  let at = Number.NEGATIVE_INFINITY
  let isOpen = false
  const clear = () => {
    if (isOpen) output.write('\r\u001b[K')
    isOpen = false
  }
  return {
    say(line) {
      clear()
      output.write(`${line}\n`)
      // The next line shows what has become of it.
      at = Number.NEGATIVE_INFINITY
    },
    update(facts) {
      const now = performance.now()
      if (now - at < (output.isTTY ? everyMs.terminal : everyMs.other)) return
      at = now
      clear()
      isOpen = output.isTTY
      output.write(
        `${lineOf(facts).slice(0, output.isTTY ? output.columns - 1 : undefined)}${output.isTTY ? '' : '\n'}`,
      )
    },
    [Symbol.dispose]() {
      if (isOpen) output.write('\n')
      isOpen = false
    },
  }
}

function lineOf({ written, rejected, expired, lagMs, isReadingAll }: ArchiveFacts): string {
  const parts = [
    `Archived ${written} rows`,
    ...(rejected > 0n ? [`left out ${rejected}`] : []),
    ...(expired > 0n ? [`deleted ${expired} that were too old`] : []),
    `lag ${(lagMs / 1_000).toFixed(1)} s`,
    ...(isReadingAll ? ['still reading all rows'] : []),
  ]
  return parts.join(', ')
}
