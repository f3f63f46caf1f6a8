/** What SIPIS stores while a client is connected. */
import { ok } from 'node:assert/strict'
import { stage } from './stage.ts'

/** Changes rows of the API's database. */
export async function store(statement: string): Promise<void> {
  const response = await fetch(stage.sipis, { method: 'POST', body: statement })
  ok(response.ok, await response.text())
}

/** The selector whose rows a client may change, and the device that it belongs to. */
export function ownOf(client: string): { readonly selector: string; readonly credential: string } {
  const own = stage.own[client]
  ok(own, `${client} has no selector of its own`)
  return own
}

/** All in one transaction. */
export const storeCalls = (selector: string, callId: string, count = 1) =>
  store(`INSERT INTO sipcalls (selector, time, callid, scheme, userdisplayname, username, domain, domainport, missedreason)
    SELECT '${selector}', now(), '${callId}', 'sip', '', 'caller', 'example.com', 0, 'Missed' FROM generate_series(1, ${count})`)

export const storePushTest = (selector: string, pushId: string) =>
  store(`INSERT INTO pushtests (selector, pushid, platform, started) VALUES ('${selector}', '${pushId}', 'iOS', now())`)

export const concludePushTest = (pushId: string) =>
  store(`UPDATE pushtests SET concluded = now() WHERE pushid = '${pushId}'`)

/** Waits for what comes over a stream. */
export async function until(what: string, isReached: () => boolean): Promise<void> {
  for (let n = 0; !isReached(); n++) {
    ok(n < 1_500, `15 seconds without: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
