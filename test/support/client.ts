import { pino } from 'pino'
import type { Database, Statement } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import type { Gateway } from '../../src/server/gateway.ts'
import { createGateway } from '../../src/server/gateway.ts'
import { detect } from '../../src/versions/detect.ts'

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query, which tests spell out.
  readonly data: any
  readonly errors?: readonly { message: string; path?: (string | number)[]; extensions: { code: string } }[]
}

/** A gateway that is asked without a port, and what it did meanwhile. */
export interface Client {
  readonly gateway: Gateway
  /** The data of an answer that must be without errors. */
  // biome-ignore lint/suspicious/noExplicitAny: see Answer.
  ask(query: string, variables?: object): Promise<any>
  /** The whole answer, errors and all. */
  answer(query: string, variables?: object): Promise<Answer>
  /** The statements that ran since the last call of this. */
  statements(): Statement[]
  /** The log lines since the start. */
  readonly log: string[]
}

export async function openClient(database: Database, timeZone = 'UTC'): Promise<Client> {
  const ran: Statement[] = []
  const log: string[] = []
  const recorded: Database = {
    query(statement) {
      ran.push(render(statement))
      return database.query(statement)
    },
    close: () => database.close(),
  }
  const detected = await detect(database)
  const logger = pino({ base: null }, { write: (line: string) => log.push(line) })
  const gateway = createGateway({
    database: recorded,
    detected,
    timeZone,
    logger,
    example: { selector: '', username: '' },
  })
  const answer = async (query: string, variables?: object): Promise<Answer> => {
    const response = await gateway.fetch('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    return response.json()
  }
  return {
    gateway,
    answer,
    async ask(query, variables) {
      const { data, errors } = await answer(query, variables)
      if (errors !== undefined) throw new Error([JSON.stringify(errors, null, 2), ...log].join('\n'))
      return data
    },
    statements: () => ran.splice(0),
    log,
  }
}
