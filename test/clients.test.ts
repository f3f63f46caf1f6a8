/** Runs the recipes of docs/clients.md as they are printed there. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CredentialError, KeysUnavailable } from '../src/auth/credential-error.ts'
import type { Client } from './support/client.ts'
import { openClient } from './support/client.ts'
import type { TestDatabase } from './support/database.ts'
import { cloneDatabase, openReader } from './support/database.ts'
import { device } from './support/principals.ts'
import { addRow, addSelector, selectorNamed } from './support/rows.ts'
import { until } from './support/until.ts'

interface Session {
  readonly url: string
  credential(): string
  refresh(): Promise<void>
  logOut(): void
  wait(ms: number): Promise<void>
}
interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly extensions: { readonly code: string; readonly reason?: string } }[]
}
interface Stored {
  token: string | null
  events: Record<string, { readonly callId: string | null }>
}
interface Recipes {
  update(session: Session, stored: Stored, save: (stored: Stored) => Promise<void>): Promise<void>
  ask(session: Session, query: string, variables?: object): Promise<Answer>
  calls(session: Session, since?: string): AsyncIterable<{ readonly callId: string | null; readonly time: string }>
  follow(
    session: Session,
    selector: string,
    stored: Stored,
    options: { save: (stored: Stored) => Promise<void>; signal: AbortSignal },
  ): Promise<void>
  askById(
    session: Session,
    id: string,
    variables: object,
    kept: Map<string, unknown>,
  ): Promise<{ readonly isNew: boolean; readonly answer: Answer }>
}

const count = 45
const viewer = '{ viewer { name } }'

let folder: string
let file: string
let recipes: Recipes
let own: TestDatabase
let client: Client
/** What the gateway does with the next credentials. */
let refusals: Error[] = []

beforeAll(async () => {
  // In the project, so that the types of Node are found.
  folder = await mkdtemp('.bundle-recipes-')
  file = join(folder, 'recipes.mts')
  const text = await readFile('docs/clients.md', 'utf8')
  await writeFile(file, [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block).join('\n'))
  recipes = await import(/* @vite-ignore */ pathToFileURL(file).href)
  own = await cloneDatabase('V2')
  const target = { version: 'V2', sql: own.sql } as const
  await addSelector(target, 1)
  for (let n = 0; n < count; n++) {
    const time = `2026-11-22 06:24:${String(n).padStart(2, '0')}+00`
    await addRow(target, 'sipcalls', 1, { rowid: n + 1, time, callid: `call-${n}` })
  }
  client = await openClient(openReader(own.url), {
    authenticate: async (authorization) => {
      const refusal = refusals.shift()
      if (refusal !== undefined) throw refusal
      return device(String(authorization).slice('Bearer '.length), selectorNamed(1))
    },
    trustedDocuments: { manifest: { me: viewer }, only: false },
  })
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

function opened() {
  const happened: string[] = []
  let credential = 'first'
  const session: Session = {
    url: `${client.url}/graphql`,
    credential: () => credential,
    refresh: async () => {
      happened.push('refreshed')
      credential = 'second'
    },
    logOut: () => void happened.push('logged out'),
    wait: async (ms) => void happened.push(ms >= 10_000 && ms < 12_501 ? 'waited as Retry-After says' : `waited ${ms}`),
  }
  return { session, happened }
}

async function tokenOfAnotherKey(): Promise<string> {
  await using other = await openClient(openReader(own.url))
  return (await other.ask(`{ selector(name: "${selectorNamed(1)}") { changes { token } } }`)).selector.changes.token
}

describe('The recipes of docs/clients.md', () => {
  it('compile strictly', () => {
    const flags = '--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --noUnusedLocals'
    const options = `${flags} --target es2024 --module nodenext --types node --ignoreConfig ${file}`
    const { status, stdout } = spawnSync('node_modules/.bin/tsc', options.split(' '), { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, ''])
  })

  it('follow what is new, also with a credential that expires meanwhile, and log out with a bad one', async () => {
    const { session, happened } = opened()
    const stored: Stored = { token: null, events: {} }
    const ending = new AbortController()
    const options = { save: async () => undefined, signal: ending.signal }
    const following = recipes.follow(session, selectorNamed(1), stored, options)
    const add = async (callid: string) => {
      const rowid = 1_000 + Object.keys(stored.events).length
      await addRow({ version: 'V2', sql: own.sql }, 'sipcalls', 1, { rowid, time: '2026-11-22 07:00:00+00', callid })
      await until(`${callid} has come`, () => Object.values(stored.events).some(({ callId }) => callId === callid))
    }
    await until('the lists are read', () => Object.keys(stored.events).length === count)
    await add('followed')
    refusals = [new CredentialError('x', { hasExpired: true })]
    await add('after it has expired')
    expect(happened.filter((what) => !what.startsWith('waited'))).toEqual(['refreshed'])
    ending.abort()
    await following
    await own.sql("DELETE FROM sipcalls WHERE time = '2026-11-22 07:00:00+00'")
    const other = opened()
    const since = { ...stored }
    refusals = [new CredentialError('x')]
    await recipes.follow(other.session, selectorNamed(1), since, { ...options, signal: AbortSignal.timeout(5_000) })
    expect(other.happened[0]).toBe('logged out')
  }, 60_000)

  it('refresh an expired credential once, and log out with a bad one', async () => {
    const expired = () => new CredentialError('x', { hasExpired: true })
    refusals = [expired()]
    const first = opened()
    expect(await recipes.ask(first.session, viewer)).toEqual({ data: { viewer: { name: 'second' } } })
    expect(first.happened).toEqual(['refreshed'])
    refusals = [expired(), expired()]
    const again = opened()
    expect((await recipes.ask(again.session, viewer)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    expect(again.happened).toEqual(['refreshed', 'logged out'])
    refusals = [new CredentialError('x')]
    const bad = opened()
    expect((await recipes.ask(bad.session, viewer)).errors?.[0]?.extensions.reason).toBe('INVALID')
    expect(bad.happened).toEqual(['logged out'])
  })

  it('retry what may succeed later, as Retry-After says, and give up', async () => {
    refusals = [new KeysUnavailable('x'), new KeysUnavailable('x')]
    const short = opened()
    expect(await recipes.ask(short.session, viewer)).toEqual({ data: { viewer: { name: 'first' } } })
    expect(short.happened).toEqual(Array(2).fill('waited as Retry-After says'))
    refusals = Array.from({ length: 5 }, () => new KeysUnavailable('x'))
    const long = opened()
    expect((await recipes.ask(long.session, viewer)).errors?.[0]?.extensions.code).toBe('UNAVAILABLE')
    expect([long.happened.length, refusals]).toEqual([4, []])
  })

  it('do not retry what has to change', async () => {
    const { session, happened } = opened()
    const answer = await recipes.ask(session, '{ nothing }')
    expect([answer.errors?.[0]?.extensions.code, happened]).toEqual(['GRAPHQL_VALIDATION_FAILED', []])
  })

  it('read the history to its end, and what is new since a time', async () => {
    const all: string[] = []
    for await (const { callId } of recipes.calls(opened().session)) all.push(String(callId))
    expect(all).toEqual(Array.from({ length: count }, (_, n) => `call-${count - 1 - n}`))
    const recent: string[] = []
    for await (const { callId } of recipes.calls(opened().session, '2026-11-22T06:24:43Z')) recent.push(String(callId))
    expect(recent).toEqual(['call-44', 'call-43'])
  })

  it('keep what is stored up to date, also if an answer is lost, a call is deleted or the lists have to be read anew', async () => {
    const { session } = opened()
    let saved = JSON.stringify({ token: null, events: {} })
    const visit = async (isLost = false) => {
      await recipes.update(session, JSON.parse(saved), async (stored) => {
        if (!isLost) saved = JSON.stringify(stored)
      })
      return Object.values((JSON.parse(saved) as Stored).events).map(({ callId }) => callId)
    }
    expect(await visit()).toHaveLength(count)
    const target = { version: 'V2', sql: own.sql } as const
    await addRow(target, 'sipcalls', 1, { rowid: 100, time: '2001-01-01', callid: 'late' })
    expect(await visit(true)).not.toContain('late')
    expect(await visit()).toContain('late')
    await own.sql('DELETE FROM sipcalls WHERE rowid = 100')
    expect(await visit()).not.toContain('late')
    saved = JSON.stringify({ ...(JSON.parse(saved) as Stored), token: await tokenOfAnotherKey() })
    await addRow(target, 'sipcalls', 1, { rowid: 101, time: '2001-01-01', callid: 'after the reset' })
    expect(await visit()).toEqual(expect.arrayContaining(['after the reset', 'call-0']))
    await own.sql('DELETE FROM sipcalls WHERE rowid = 101')
  })

  it('ask by id, and have the same answer sent once', async () => {
    const { session } = opened()
    const kept = new Map<string, unknown>()
    const answer = { data: { viewer: { name: 'first' } } }
    expect(await recipes.askById(session, 'me', {}, kept)).toEqual({ isNew: true, answer })
    expect(await recipes.askById(session, 'me', {}, kept)).toEqual({ isNew: false, answer })
  })
})
