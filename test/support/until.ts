/** Resolves once the condition holds; fails after a time limit with a message about the condition. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Timed out after ${ms} ms. Waited until ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
