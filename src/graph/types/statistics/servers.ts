import type { ServerCount } from '../../../loaders/statistics/server-counts.ts'
import { mostServers } from '../../../loaders/statistics/server-counts.ts'
import { now } from '../../../loaders/statistics/statistics.ts'
import type { Asked } from '../../../processes/ask.ts'
import type { ProcessAnswer } from '../../../processes/processes.ts'
import type { Summary } from '../../../processes/summary.ts'
import { builder } from '../../builder.ts'
import { nullOnError } from '../../semantic-non-null.ts'
import { asOf, costOfTable } from './stats.ts'

interface ServerShape {
  readonly name: string
  readonly counted: ServerCount | undefined
  readonly asked: Asked | undefined
}

interface ServersShape {
  readonly asOf: string
  readonly nodes: readonly ServerShape[]
}

const summaryOf = (asked: Asked): Summary | undefined => ('summary' in asked ? asked.summary : undefined)

const ServerProcess = builder.objectRef<Asked>('ServerProcess').implement({
  description:
    'What a SIPIS process says about itself, in GET /stats/summary/json of its HTTP server. Everything is null if it did not answer, ' +
    'and what it does not say.',
  fields: (t) => {
    const number = (name: Exclude<keyof Summary, 'name' | 'version'>, description: string) =>
      t.int({ nullable: true, description, resolve: (asked) => summaryOf(asked)?.[name] ?? null })
    return {
      problem: t.string({
        nullable: true,
        description: 'Why it did not answer, e.g. ECONNREFUSED; null if it did.',
        resolve: (asked) => ('problem' in asked ? asked.problem : null),
      }),
      version: t.string({
        nullable: true,
        description: 'Version of SIPIS, e.g. 4.1.2.',
        resolve: (asked) => summaryOf(asked)?.version ?? null,
      }),
      uptimeSeconds: number('uptimeSeconds', 'Seconds since it was started.'),
      queueLength: number('queueLength', 'Messages that wait in its loop. A number that grows tells of an overload.'),
      instances: number('instances', 'Instances that it has in memory.'),
      idle: number('idle', 'Instances that do nothing now.'),
      registered: number('registered', 'Instances that are registered with their SIP server.'),
      registering: number('registering', 'Instances whose registration is under way.'),
      unauthorized: number('unauthorized', 'Instances whose SIP server has refused their password.'),
      inError: number('inError', 'Instances whose registration has failed.'),
    }
  },
})

const Server = builder.objectRef<ServerShape>('Server').implement({
  description: 'A SIPIS process, by what the database has of its instances and by what it says itself.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'Its name (`Server[Name]` of its Settings.xml); the address of one that did not say its name.',
    }),
    instances: t.int({
      nullable: true,
      description: 'Selectors that the database has for it; null if it has none.',
      resolve: ({ counted }) => counted?.instances ?? null,
    }),
    newestSeen: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When one of them was last seen, the newest. An old time tells of a process that hears of no device.',
      resolve: ({ counted }) => counted?.newestSeen ?? null,
    }),
    oldestSeen: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When that of them was last seen that has been silent for longest.',
      resolve: ({ counted }) => counted?.oldestSeen ?? null,
    }),
    process: t.field({
      type: ServerProcess,
      nullable: true,
      description: 'What the process says itself, at most five seconds ago; null if the gateway has no address of it.',
      resolve: ({ asked }) => asked ?? null,
    }),
  }),
})

const Servers = builder.objectRef<ServersShape>('Servers').implement({
  description: 'The SIPIS processes of the database.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'DateTime', description: asOf }),
    nodes: t.field({
      type: [Server],
      extensions: { listSize: () => mostServers, assumedSize: mostServers },
      description: `The processes, that with the most instances first; at most ${mostServers}.`,
      resolve: ({ nodes }) => [...nodes],
    }),
  }),
})

builder.queryField('servers', (t) =>
  t.field({
    type: Servers,
    ...nullOnError,
    extensions: { ...nullOnError.extensions, readingCost: () => costOfTable },
    description:
      'The SIPIS processes. Only a process knows how many instances are registered; the gateway asks those of SIPIS_HTTP_URLS, or of the ' +
      'settings files that it was given.',
    async resolve(_, __, { questions, processes, detected }) {
      const [counted, answers] = await Promise.all([
        detected.hasServers ? questions.serverCounts() : { asOf: now(), value: [] },
        processes(),
      ])
      return { asOf: counted.asOf, nodes: joined(counted.value, answers).slice(0, mostServers) }
    },
  }),
)

/** A process that did not say its name has none in the database. */
function joined(counts: readonly ServerCount[], answers: readonly ProcessAnswer[]): ServerShape[] {
  const byName = new Map(answers.map(({ address, asked }) => [summaryOf(asked)?.name ?? address, asked]))
  const known = counts.map((counted) => ({ name: counted.name, counted, asked: byName.get(counted.name) }))
  const names = new Set(counts.map(({ name }) => name))
  const others = [...byName].filter(([name]) => !names.has(name))
  return [...known, ...others.map(([name, asked]) => ({ name, counted: undefined, asked }))]
}
