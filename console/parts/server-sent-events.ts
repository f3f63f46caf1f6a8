export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

/** Reads Server-Sent Events from a body. Comments, which keep the connection open, are left out. */
export async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerSentEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (rest + value).split(/\r?\n\r?\n/)
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = parse(block)
        if (event !== undefined) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function parse(block: string): ServerSentEvent | undefined {
  const fields = block.split(/\r?\n/).map((line) => /^(\w+): ?(.*)$/.exec(line) ?? [])
  const all = (wanted: string) => fields.filter(([, name]) => name === wanted).map(([, , value = '']) => value)
  const [event] = all('event')
  return event === undefined ? undefined : { event, data: all('data').join('\n') }
}
