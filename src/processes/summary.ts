/** What a SIPIS process says about itself: the answer of GET /stats/summary/json on its HTTP port. */
import { z } from 'zod'

/** Null where the process does not say it. */
export interface Summary {
  readonly name: string | null
  readonly version: string | null
  readonly uptimeSeconds: number | null
  /** Messages that wait in its loop. */
  readonly queueLength: number | null
  readonly instances: number | null
  readonly idle: number | null
  readonly registered: number | null
  readonly registering: number | null
  readonly unauthorized: number | null
  readonly inError: number | null
}

const mostLetters = 200
const most = 2_147_483_647

const word = z
  .string()
  .transform((text) => text.trim().slice(0, mostLetters) || null)
  .nullish()
  .catch(null)
const number = z
  .number()
  .nonnegative()
  .transform((value) => Math.min(Math.floor(value), most))
  .nullish()
  .catch(null)

const states = z
  .object({ Idle: number, Registered: number, Registering: number, Unauthorized: number, Error: number })
  .partial()
const form = z.object({
  Server: z
    .object({ Name: word, VersionString: word, UptimeInSeconds: number, MessageLoopQueueSize: number })
    .partial(),
  Instance: z.object({ Count: number, CountInState: states.nullish().catch(null) }).partial(),
})

/** Undefined if it is no summary of a SIPIS. Parts of another form are null. */
export function summaryOf(text: string): Summary | undefined {
  const parsed = form.safeParse(jsonOf(text))
  if (!parsed.success) return undefined
  const { Server: server, Instance: instance } = parsed.data
  const state = instance.CountInState ?? {}
  return {
    name: server.Name ?? null,
    version: server.VersionString ?? null,
    uptimeSeconds: server.UptimeInSeconds ?? null,
    queueLength: server.MessageLoopQueueSize ?? null,
    instances: instance.Count ?? null,
    idle: state.Idle ?? null,
    registered: state.Registered ?? null,
    registering: state.Registering ?? null,
    unauthorized: state.Unauthorized ?? null,
    inError: state.Error ?? null,
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
