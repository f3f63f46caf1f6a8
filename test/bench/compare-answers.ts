import { isDeepStrictEqual } from 'node:util'
import type { QueryName, Question } from './dialects/dialect.ts'
import type { Query } from './queries.ts'
import type { Runner } from './runner.ts'

const sample = 20
const mayBeEmpty = new Set<QueryName>(['tiny', 'changes'])

/** Throws unless all contenders return the same rows, and at least one. Their requests differ only in cursors. */
export async function compareAnswers(query: Query, asked: ReadonlyMap<Runner, readonly Question[]>): Promise<void> {
  const [first, ...others] = [...asked]
  if (first === undefined) return
  const [reference, questions] = first
  for (const [index, question] of questions.slice(0, sample).entries()) {
    const { rows } = await reference.ask(query.name, question)
    if (!mayBeEmpty.has(query.name) && JSON.stringify(rows).length < 50) {
      throw new Error(`${reference.name} finds nothing for ${query.label}: ${JSON.stringify(rows)}`)
    }
    for (const [runner, own] of others) {
      const theirs = own[index]
      const answer = theirs === undefined ? undefined : await runner.ask(query.name, theirs)
      if (isDeepStrictEqual(answer?.rows, rows)) continue
      throw new Error(
        `${query.label}, question ${index}: ${reference.name} and ${runner.name} differ.\n` +
          `${JSON.stringify(rows)}\n${JSON.stringify(answer?.rows)}`,
      )
    }
  }
}
