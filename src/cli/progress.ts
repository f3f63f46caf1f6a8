import { Writable } from 'node:stream'
import type { Options, Params } from 'cli-progress'
import cliProgress from 'cli-progress'

export interface Progress {
  /** Starts a bar. `total` is in any unit. */
  start(label: string, total: number): void
  /** @param detail shown where there is room for it */
  update(value: number, detail: string): void
  /** Changes the label; a stream that is no terminal gets a line. */
  relabel(label: string): void
  stop(): void
}

// Node finds no named exports in this module.
const { Format, Presets, SingleBar } = cliProgress

/** Pause between two lines on a stream that is no terminal. */
const lineEveryMs = 10_000

/** So much waits for a pipe or a terminal that takes nothing; then the progress is not shown. */
const maxWaitingBytes = 16_384

/** Passes on what an output takes soon, and drops the rest, so that it does not pile up in memory. */
class Dropping extends Writable {
  readonly #output: NodeJS.WriteStream
  /** The last lines are few, and show the cursor again. */
  isLast = false

  constructor(output: NodeJS.WriteStream) {
    super()
    this.#output = output
  }

  get isTTY(): boolean {
    return this.#output.isTTY
  }

  get columns(): number {
    return this.#output.columns
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    if (this.isLast || this.#output.writableLength < maxWaitingBytes) this.#output.write(chunk)
    done()
  }
}

/** Creates a progress bar with the time left. It is redrawn on a terminal; other streams get lines now and then. */
export function createProgress(output: NodeJS.WriteStream): Progress {
  const stream = new Dropping(output)
  const bar = new SingleBar(
    {
      stream,
      format: output.isTTY ? fitting : (options, params, payload) => lines(options, params, payload)[0],
      hideCursor: true,
      etaBuffer: 50,
      etaAsynchronousUpdate: true,
      noTTYOutput: true,
      notTTYSchedule: lineEveryMs,
      // A line has its own line break, so that none is left to add.
      clearOnComplete: !output.isTTY,
    },
    Presets.shades_classic,
  )
  return {
    start: (label, total) => bar.start(total, 0, { label, detail: '' }),
    update: (value, detail) => bar.update(value, { detail }),
    relabel(label) {
      bar.update({ label })
      if (!output.isTTY) bar.render()
    },
    stop() {
      stream.isLast = true
      bar.stop()
      stream.isLast = false
    },
  }
}

type Payload = Readonly<Record<'label' | 'detail', string>>

/** The fullest line that fits into the terminal. */
function fitting(options: Options, params: Params, payload: Payload): string {
  const bar = `${payload.label.padEnd(25)} ${Format.BarFormat(params.progress, options)}`
  const [full, ...shorter] = lines(options, params, payload)
  const room = params.maxWidth - 1
  const all = [full.replace(`${payload.label}:`, bar), full, ...shorter]
  return all.find((line) => line.length <= room) ?? shorter[1].slice(0, room)
}

/** From the fullest to the shortest. */
function lines(options: Options, params: Params, { label, detail }: Payload): [string, string, string] {
  const percentage = `${Math.floor(params.progress * 100)}%`
  const time = timeLeft(params, options)
  return [
    `${label}: ${percentage} | ${detail === '' ? '' : `${detail} | `}${time} left`,
    `${label}: ${percentage} | ${time} left`,
    `${label} ${percentage} ${time}`,
  ]
}

/** A question mark until a first value tells the speed. */
function timeLeft({ eta, progress }: Params, options: Options): string {
  if (progress >= 1) return '0s'
  const seconds = Number(eta)
  return progress === 0 || Number.isNaN(seconds) ? '?' : Format.TimeFormat(seconds, options, 5).trim()
}

/** @param since performance.now() at the beginning */
export function volume({ rows, bytes }: Record<'rows' | 'bytes', number>, total: number, since: number): string {
  const seconds = Math.max(0.001, (performance.now() - since) / 1000)
  return `${rows} of ${total} rows, ${(bytes / 1_048_576).toFixed(1)} MiB, ${Math.round(rows / seconds)} rows/s`
}
