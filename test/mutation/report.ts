import { explained } from './explained.ts'
import { namedKeys } from './named-mutants.ts'
import type { State } from './state.ts'

/** Prints the scores and the survivors. Returns whether every hand-written fault is detected and every survivor is explained. */
export function report(parts: readonly string[], keys: readonly string[], state: State): boolean {
  const known = new Set(keys)
  const outdated = Object.keys(explained).filter(
    (key) => parts.some((part) => key.startsWith(part)) && (!known.has(key) || !isAlive(key, state)),
  )
  const named = new Set(namedKeys)
  const generated = keys.filter((key) => !named.has(key))
  const groups = [
    { name: 'by hand', own: namedKeys },
    ...parts.map((part) => ({ name: part, own: generated.filter((key) => key.startsWith(part)) })),
  ]
  const open = groups.flatMap(({ name, own }) => (own.length === 0 ? [] : reportGroup(name, own, state)))
  for (const key of outdated) print(`explained, but noticed or gone: ${key}`)
  return open.length === 0 && outdated.length === 0
}

function reportGroup(name: string, own: readonly string[], state: State): readonly string[] {
  const alive = own.filter((key) => isAlive(key, state))
  const open = alive.filter((key) => explained[key] === undefined)
  const score = ((100 * (own.length - alive.length)) / own.length).toFixed(1)
  const survivors = `${alive.length} survive, ${alive.length - open.length} of them explained`
  print(`\n${name}: ${own.length} mutants, ${score} % noticed; ${survivors}`)
  for (const key of open) print(`  ${state.judged[key] === undefined ? 'not run' : 'survives'}: ${key}`)
  return open
}

function isAlive(key: string, { judged }: State): boolean {
  return (judged[key]?.verdict ?? 'survived') === 'survived'
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
