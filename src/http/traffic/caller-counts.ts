/** What callers have, such as open streams or unread bytes, for each of them and in all. */
export interface CallerCounts {
  readonly total: number
  of(caller: string): number
  /** @param amount negative to take away */
  add(caller: string, amount: number): void
}

export function createCallerCounts(onChange: (total: number) => void): CallerCounts {
  const ofCallers = new Map<string, number>()
  let total = 0
  return {
    get total() {
      return total
    },
    of: (caller) => ofCallers.get(caller) ?? 0,
    add(caller, amount) {
      total += amount
      const left = (ofCallers.get(caller) ?? 0) + amount
      if (left > 0) ofCallers.set(caller, left)
      else ofCallers.delete(caller)
      onChange(total)
    },
  }
}
