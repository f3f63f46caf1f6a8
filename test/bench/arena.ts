/** The contenders over one database, each with its prepared requests. */
import { compareAnswers } from './compare-answers.ts'
import type { Contender } from './contenders.ts'
import { callersIn } from './databases.ts'
import type { QueryName, Question, Schema } from './dialects/dialect.ts'
import type { Job } from './load/job.ts'
import type { Query } from './queries.ts'
import type { Subjects } from './questions.ts'
import { questionsOf, withCursors } from './questions.ts'
import type { Runner } from './runner.ts'
import { startRunner } from './runner.ts'

export interface Entrant {
  readonly runner: Runner
  readonly jobs: ReadonlyMap<QueryName, Omit<Job, 'connections' | 'seconds'>>
}

export interface Arena extends AsyncDisposable {
  readonly entrants: readonly Entrant[]
}

export interface ArenaOptions {
  readonly contenders: readonly Contender[]
  readonly schema: Schema
  readonly url: string
  readonly selectors: number
  readonly queries: readonly Query[]
}

const callers = 200

/** Throws if the responses of two contenders differ. */
export async function openArena({ contenders, schema, url, selectors, queries }: ArenaOptions): Promise<Arena> {
  const runners: Runner[] = []
  const close = async () => {
    await Promise.all(runners.map((runner) => runner[Symbol.asyncDispose]()))
  }
  try {
    for (const contender of contenders) runners.push(await startRunner(contender, schema, url))
    const subjects = { selectors, callers: await callersIn(url, callers) }
    const jobs = new Map(runners.map((runner) => [runner, new Map<QueryName, Omit<Job, 'connections' | 'seconds'>>()]))
    for (const query of queries) {
      const asked = await prepare(query, runners, subjects)
      await compareAnswers(query, asked)
      for (const [runner, questions] of asked) jobs.get(runner)?.set(query.name, jobOf(runner, query.name, questions))
    }
    return {
      entrants: [...jobs].map(([runner, ofRunner]) => ({ runner, jobs: ofRunner })),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function prepare(query: Query, runners: readonly Runner[], subjects: Subjects): Promise<Map<Runner, Question[]>> {
  const questions = questionsOf(query, subjects)
  const asked = new Map<Runner, Question[]>()
  for (const runner of runners) {
    if (runner.operation(query.name) === undefined) continue
    asked.set(runner, await withCursors(query, questions, (question) => runner.ask(query.name, question)))
  }
  return asked
}

function jobOf(runner: Runner, query: QueryName, questions: readonly Question[]): Omit<Job, 'connections' | 'seconds'> {
  const operation = runner.operation(query)
  if (operation === undefined) throw new Error(`${runner.name} cannot answer ${query}.`)
  const bodies = questions.map((question) => runner.bodyOf(operation, question))
  return { origin: runner.origin, headers: runner.headers, bodies }
}
