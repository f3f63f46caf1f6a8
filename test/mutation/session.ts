/**
 * Runs a test file for many mutants in one process, because starting Vitest and loading modules takes longer than most tests.
 * The query in the import makes the test file register its tests again.
 */
import { appendFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, vi } from 'vitest'
import type { Line } from './job.ts'
import { readJob } from './job.ts'

declare global {
  var mutant: ((key: string) => boolean) | undefined
}

interface Outcome {
  readonly name: string
  readonly result?: { readonly state: string } | undefined
  readonly tasks?: readonly Outcome[]
}

const { testFile, mutants, results } = readJob()
const write = (line: Line) => appendFileSync(results, `${JSON.stringify(line)}\n`)
const load = (number: number) => import(/* @vite-ignore */ `../../${testFile}?mutant=${number}`)

const loaded = new Set<string>()
const ran = new Set<string>()
if (mutants.length === 0) {
  describe(testFile, async () => {
    globalThis.mutant = (key) => void loaded.add(key) === true
    await load(0)
    let start = 0
    beforeAll(() => {
      start = performance.now()
      globalThis.mutant = (key) => void ran.add(key) === true
    })
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads which fixtures a hook wants from its first argument.
    afterAll(({}, suite) => {
      const ms = Math.round(performance.now() - start)
      write({ type: 'coverage', loaded: [...loaded], ran: [...ran], ms, failure: failureOf(suite) })
    })
  })
}

for (const [number, { key, static: isStatic }] of mutants.entries()) {
  describe(key, async () => {
    let failure: string | null = null
    const awake = (asked: string) => asked === key
    const rejected = (error: unknown) => {
      failure ??= `unhandled: ${error}`
    }
    beforeAll(() => {
      write({ type: 'begin', key })
      globalThis.mutant = awake
      process.on('unhandledRejection', rejected)
      // An uncaught exception would end the gateway; Vitest keeps the process alive.
      process.on('uncaughtExceptionMonitor', rejected)
    })
    beforeEach(({ skip }) => skip(failure !== null))
    afterEach(({ task }) => {
      if (task.result?.state === 'fail') failure ??= task.name
    })
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads which fixtures a hook wants from its first argument.
    afterAll(({}, suite) => {
      process.off('unhandledRejection', rejected)
      process.off('uncaughtExceptionMonitor', rejected)
      globalThis.mutant = undefined
      write({ type: 'end', key, failure: failure ?? failureOf(suite) })
    })
    if (isStatic) vi.resetModules()
    globalThis.mutant = isStatic ? awake : undefined
    try {
      await load(number)
    } catch (error) {
      failure = `while loading: ${error}`
    }
    globalThis.mutant = undefined
    // The next mutant gets unmodified modules again.
    if (isStatic) vi.resetModules()
  })
}

function failureOf(task: Outcome): string | null {
  if (task.result?.state === 'fail') return task.name
  for (const inner of task.tasks ?? []) {
    const failure = failureOf(inner)
    if (failure !== null) return failure
  }
  return null
}
