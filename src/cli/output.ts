import { endNow } from './ending.ts'

/** Output streams and stop signals of a command. */
export interface Output {
  /** Prints a result, with a newline. */
  print(text: string): void
  /**
   * From now on output neither ends nor stops the process: what cannot be printed, such as on a full disk, is lost, and what a pipe or a
   * terminal does not take waits in memory.
   */
  loseWhatFails(): void
  /** Stream for progress, separate from results. */
  readonly progress: NodeJS.WriteStream
  /** Resolves on the first SIGINT or SIGTERM. A later signal, not one that came with the first, ends the process immediately. */
  stopped(): Promise<NodeJS.Signals>
}

const signals = ['SIGINT', 'SIGTERM'] as const

/** Ctrl+C under npm arrives twice, from the terminal and from npm: a signal that follows within this time counts as the same one. */
const echoMs = 300

export const standardOutput: Output = {
  print: (text) => process.stdout.write(`${text}\n`),
  loseWhatFails: () => {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', () => undefined)
      unblock(stream)
    }
  },
  progress: process.stderr,
  stopped: () =>
    new Promise((resolve) => {
      const stop = (signal: NodeJS.Signals) => {
        const first = performance.now()
        // Not left to the operating system, which ignores signals to the first process of a container.
        const endAtOnce = (_: NodeJS.Signals, number: number) => {
          if (performance.now() - first > echoMs) void endNow(128 + number)
        }
        for (const name of signals) process.removeListener(name, stop).on(name, endAtOnce)
        resolve(signal)
      }
      for (const name of signals) process.on(name, stop)
    }),
}

/** Node waits for a terminal at each write, also for one that Ctrl+S has stopped, or whose network is gone. It never waits for a pipe. */
function unblock(stream: { readonly isTTY?: boolean; readonly _handle?: { setBlocking?(isBlocking: boolean): void } }) {
  if (stream.isTTY === true) stream._handle?.setBlocking?.(false)
}
