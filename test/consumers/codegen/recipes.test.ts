/** The recipe `update` of docs/clients.md, as the package has it, on a device that is offline at times. */
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '../shared/gateway.ts'
import { ownOf, store, storeCalls } from '../shared/sipis.ts'
import { stage } from '../shared/stage.ts'
import type { Session, Stored } from './src/recipes.ts'
import { update } from './src/recipes.ts'

const { selector, credential } = ownOf('codegen')
const nothingListens = 'http://127.0.0.1:1/graphql'

/** A device with a store that outlives each visit. */
class Device {
  url: string = stage.urls.api
  /** As JSON, so that it is what a disk would have. */
  #kept = JSON.stringify({ token: null, events: {} } satisfies Stored)
  saves = 0

  async wakeUp(): Promise<void> {
    const session: Session = {
      url: this.url,
      credential: () => credential,
      refresh: () => Promise.reject(new Error('The credential is good.')),
      logOut: () => ok(false, 'The credential is good.'),
      wait: async () => undefined,
    }
    await update(session, this.stored(), async (stored) => {
      this.#kept = JSON.stringify(stored)
      this.saves++
    })
  }

  stored(): Stored {
    return JSON.parse(this.#kept)
  }

  callIds(): (string | null)[] {
    return Object.values(this.stored().events).map(({ callId }) => callId)
  }
}

describe('The recipe for what is new', () => {
  it('takes a token and the lists at first, and what is new and gone at each wake-up', async () => {
    const device = new Device()
    await device.wakeUp()
    strictEqual(device.callIds().length, stage.calls)
    ok(device.stored().token)
    await storeCalls(selector, 'first')
    await device.wakeUp()
    deepStrictEqual([device.callIds().length, device.callIds().at(-1)], [stage.calls + 1, 'first'])
    await store(`DELETE FROM sipcalls WHERE callid = 'first'`)
    await device.wakeUp()
    deepStrictEqual([device.callIds().length, device.callIds().includes('first')], [stage.calls, false])
  })

  it('keeps what it has while the device is offline, and catches up once it is online', async () => {
    const device = new Device()
    await device.wakeUp()
    const before = device.stored()
    device.url = nothingListens
    // Each is more than a page, and comes whole.
    for (let n = 0; n < 3; n++) await storeCalls(selector, 'missed', 60)
    await rejects(device.wakeUp(), TypeError)
    deepStrictEqual([device.stored(), device.saves], [before, 1])
    device.url = stage.urls.api
    await device.wakeUp()
    strictEqual(device.callIds().length, Object.keys(before.events).length + 180)
    deepStrictEqual([device.callIds().filter((callId) => callId === 'missed').length, device.saves], [180, 1 + 3])
    await store(`DELETE FROM sipcalls WHERE callid = 'missed'`)
  })

  it('begins anew on a reset, without what is gone', async () => {
    const device = new Device()
    await storeCalls(selector, 'before the reset')
    await device.wakeUp()
    await store(`DELETE FROM sipcalls WHERE callid = 'before the reset'`)
    await storeCalls(selector, 'after the reset')
    const { token } = device.stored()
    await using gateway = await startGateway(stage.command, {
      ...stage.settings.api,
      CHANGES_KEY: 'a key that no other gateway of the stage has',
    })
    device.url = gateway.url
    await device.wakeUp()
    ok(device.stored().token !== token)
    deepStrictEqual(
      ['before the reset', 'after the reset'].map((callId) => device.callIds().includes(callId)),
      [false, true],
    )
    strictEqual(device.callIds().length, stage.calls + 1)
    await store(`DELETE FROM sipcalls WHERE callid = 'after the reset'`)
  })
})
