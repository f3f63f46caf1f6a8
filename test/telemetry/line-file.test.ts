import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { LineFile } from '../../src/telemetry/line-file.ts'
import { ignore } from '../../src/telemetry/observation.ts'

/** A file of lines, and what each write to it has had. A write takes some turns of the event loop. */
function opened() {
  const writes: string[] = []
  const target = {
    async write(bytes: Buffer) {
      for (let turn = 0; turn < 5; turn++) await setImmediate()
      writes.push(bytes.toString())
      return bytes.length
    },
    close: () => undefined,
  }
  return { writes, file: new LineFile({ file: 'audit', target, observe: ignore, delayMs: 100 }) }
}

describe('Lines that come while others are written', () => {
  it('wait until they are written together', async () => {
    const { writes, file } = opened()
    let lines = ''
    const add = () => {
      const line = `${lines.length}\n`
      lines += line
      file.write(line)
      return setImmediate()
    }
    while (writes.length === 0) await add()
    for (let turn = 0; turn < 500; turn++) await add()
    await file[Symbol.asyncDispose]()
    expect(writes.join('')).toBe(lines)
    // If they did not wait, there would be a write for about every fifth line.
    expect(writes.length).toBeLessThan(30)
  })

  it('are written before the file is closed', async () => {
    const { writes, file } = opened()
    file.write('first\n')
    const closed = file[Symbol.asyncDispose]()
    await setImmediate()
    await setImmediate()
    file.write('last\n')
    await closed
    expect(writes).toEqual(['first\n', 'last\n'])
  })
})
