/**
 * Closes a part, and waits for that no longer than `ms`: a server that has gone silent must not keep the process.
 *
 * @returns whether it has closed in time
 * @throws what the part throws
 */
export async function closeWithin(ms: number, part: AsyncDisposable): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const overrun = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const closed = Promise.resolve(part[Symbol.asyncDispose]()).then((): true => true)
  try {
    return await Promise.race([closed, overrun])
  } finally {
    clearTimeout(timer)
    // A failure that comes too late concerns nothing any more.
    closed.catch(() => undefined)
  }
}
