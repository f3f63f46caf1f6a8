/** Runs an operation that a client has sent on a socket, by the same steps as one that comes by POST. */
import type { SubscribePayload } from 'graphql-ws'
import type { Principal } from '../../auth/principal.ts'
import type { Exchange } from '../exchange.ts'
import { beginOperation } from '../exchange.ts'
import type { CallerOptions } from '../graphql/as-caller.ts'
import { asCaller } from '../graphql/as-caller.ts'
import type { OperationAnswer } from '../graphql/encoded.ts'
import { answerOperation } from '../graphql/operation.ts'
import { parametersOf } from '../graphql/parameters.ts'
import { limitsOf } from '../operations/audit.ts'
import type { Refusal } from '../refusal.ts'
import { refusalOf } from '../refusal-of.ts'
import { complete, failed, isLast, next } from './message.ts'
import type { OperationReceiver } from './operation-receiver.ts'
import type { Outbox } from './outbox.ts'

export interface SentOperation {
  readonly id: string
  readonly payload: SubscribePayload
  /** Of the message. */
  readonly bytes: number
  readonly receiver: OperationReceiver
  readonly outbox: Outbox
  readonly address: string
  readonly authorization: string | undefined
  readonly wantsCost: boolean
  /** Identifies the caller of a stream anew. */
  readonly identify: (known: Principal) => Promise<Principal>
  /** Called if the credential is no longer good: that ends all of the socket. */
  readonly onUnauthenticated: (refusal: Refusal) => void
}

/** Never rejects. */
export async function runOperation(options: CallerOptions, sent: SentOperation): Promise<void> {
  const { id, receiver, outbox, authorization } = sent
  let status: number | undefined
  const exchange = beginOperation(receiver, () => status, options.observe)
  try {
    const answer = await answerOf(options, sent, exchange)
    if (!receiver.destroyed) status = 200
    exchange.isStream = answer.events !== undefined
    exchange.settle()
    await deliver(answer, sent)
  } catch (error) {
    const refusal = refusalOf(error, { authorization, requestId: exchange.id }, options.observe)
    if (!receiver.destroyed) status = refusal.status
    exchange.codes = [refusal.code]
    exchange.limits = limitsOf(refusal)
    exchange.settle()
    if (refusal.code === 'UNAUTHENTICATED') sent.onUnauthenticated(refusal)
    else if (!receiver.destroyed) await outbox.send(failed(id, refusal.errorsFor(exchange.id)))
  } finally {
    receiver.close()
  }
}

function answerOf(options: CallerOptions, sent: SentOperation, exchange: Exchange): Promise<OperationAnswer> {
  const { receiver, authorization, wantsCost } = sent
  const asked = { address: () => sent.address, authorization, receiver, exchange }
  return asCaller(options, asked, async (entry, deadline) => {
    const { principal } = entry
    const operation = {
      entry,
      parameters: parametersOf(sent.payload, sent.bytes),
      takesStream: true,
      requestId: exchange.id,
      wantsCost,
      identify: () => sent.identify(principal),
    }
    const answer = await answerOperation(options, operation, receiver, deadline)
    exchange.bytes = answer.json.length
    options.unsent.add(principal.id, receiver, exchange.bytes)
    return answer
  })
}

async function deliver(answer: OperationAnswer, sent: SentOperation): Promise<void> {
  const { id, receiver, outbox } = sent
  const { result, json, events } = answer
  if (events !== undefined) return follow(events, sent)
  if (receiver.destroyed) return
  if (isLast(result)) return outbox.send(failed(id, result.errors ?? []))
  void outbox.send(next(id, json.toString()))
  await outbox.send(complete(id))
}

/** Each result has to leave before the next one is made, so a client that reads slowly costs one. */
async function follow(events: NonNullable<OperationAnswer['events']>, { id, receiver, outbox }: SentOperation) {
  const ending = new AbortController()
  receiver.on('close', () => ending.abort())
  if (receiver.closed) ending.abort()
  for await (const event of events(ending.signal)) {
    if (receiver.destroyed) return
    if (event === 'heartbeat') continue
    if (isLast(event)) return outbox.send(failed(id, event.errors ?? []))
    await outbox.send(next(id, JSON.stringify(event)))
  }
  if (!receiver.destroyed) await outbox.send(complete(id))
}
