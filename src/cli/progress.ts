import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  start(name: string, total: number): void
  update(done: number): void
  stop(): void
}

/** A bar on a terminal; elsewhere a line at every tenth. */
export function openProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? bar(output) : lines(output)
}

function bar(output: NodeJS.WriteStream): Progress {
  const single = new SingleBar(
    {
      stream: output,
      format: '{name} {bar} {percentage}% | {value}/{total} rows | {eta_formatted} left',
      hideCursor: true,
      etaBuffer: 50,
    },
    Presets.shades_classic,
  )
  return {
    start: (name, total) => single.start(total, 0, { name: name.padEnd(16) }),
    update: (done) => single.update(done),
    stop: () => single.stop(),
  }
}

function lines(output: NodeJS.WriteStream): Progress {
  let name = ''
  let total = 0
  let tenths = 0
  return {
    start(table, rows) {
      name = table
      total = rows
      tenths = 0
    },
    update(done) {
      const reached = total === 0 ? 10 : Math.floor((done * 10) / total)
      if (reached === tenths) return
      tenths = reached
      output.write(`${name}: ${done} of ${total} rows\n`)
    },
    stop() {},
  }
}
