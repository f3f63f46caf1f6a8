import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  start(name: string, total: number): void
  update(rows: number, bytes: number): void
  stop(): void
}

/** Creates a progress bar on a terminal; on other streams, prints a line at every tenth. */
export function createProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? bar(output) : lines(output)
}

function bar(output: NodeJS.WriteStream): Progress {
  const format = '{name} {bar} {percentage}% | {value}/{total} rows | {volume} | {eta_formatted} left'
  const single = new SingleBar({ stream: output, format, hideCursor: true, etaBuffer: 50 }, Presets.shades_classic)
  let started = 0
  return {
    start(name, total) {
      started = performance.now()
      single.start(total, 0, { name: name.padEnd(16), volume: '' })
    },
    update: (rows, bytes) => single.update(rows, { volume: volume(rows, bytes, started) }),
    stop: () => single.stop(),
  }
}

function lines(output: NodeJS.WriteStream): Progress {
  let name = ''
  let total = 0
  let tenths = 0
  let started = 0
  return {
    start(table, rows) {
      name = table
      total = rows
      tenths = 0
      started = performance.now()
    },
    update(rows, bytes) {
      const reached = total === 0 ? 10 : Math.floor((rows * 10) / total)
      if (reached === tenths) return
      tenths = reached
      output.write(`${name}: ${rows} of ${total} rows, ${volume(rows, bytes, started)}\n`)
    },
    stop() {},
  }
}

function volume(rows: number, bytes: number, started: number): string {
  const seconds = Math.max(0.001, (performance.now() - started) / 1000)
  return `${(bytes / 1_048_576).toFixed(1)} MiB, ${Math.round(rows / seconds)} rows/s`
}
