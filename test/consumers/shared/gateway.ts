/** Starts gateways of the packed package. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export type Settings = Readonly<Record<string, string>>

/** What the clients find, written by the runner. */
export interface Stage {
  /** The command of the installed package. */
  readonly command: string
  /** Those of the gateways at `urls`, with which a client starts others. */
  readonly settings: Readonly<Record<GatewayName, Settings>>
  readonly urls: Readonly<Record<GatewayName, string>>
  readonly credentials: Readonly<Record<'reader' | 'device' | 'expired', string>>
  /** A selector with `calls` calls; the device's own. */
  readonly selector: string
  readonly calls: number
  /** Where statements of SIPIS are sent to. */
  readonly sipis: string
  /** By the name of a client, a selector whose rows that client may change. */
  readonly own: Readonly<Record<string, { readonly selector: string; readonly credential: string }>>
}

/** `slow` cannot read calls, `small` no long message, `limited` is always beyond its rate, `keyless` cannot verify credentials. */
export type GatewayName = 'api' | 'slow' | 'small' | 'limited' | 'keyless'

export interface Gateway extends AsyncDisposable {
  /** The address of /graphql. */
  readonly url: string
}

export async function startGateway(command: string, settings: Settings): Promise<Gateway> {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', '--allow-writable-role'], {
    env: { PATH, HOME, LOG_LEVEL: 'warn', AUDIT_LOG: 'off', DRAIN_MS: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const complaint = text(child.stderr)
  let said = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    said += chunk
    const [address] = /http:\/\/[^/ ]+/.exec(said) ?? []
    if (address === undefined || !said.includes('Stop with')) continue
    return {
      url: `${address}/graphql`,
      async [Symbol.asyncDispose]() {
        child.kill()
        if (child.exitCode === null) await once(child, 'exit')
      },
    }
  }
  throw new Error(`The gateway did not start:\n${said}${await complaint}`)
}
