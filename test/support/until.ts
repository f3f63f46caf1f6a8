/** Resolves once the condition holds; fails after this time, so that a test tells what it waits for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms in vain until ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
