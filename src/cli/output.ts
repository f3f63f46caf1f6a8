/** Where a command prints, and how it hears that it has to stop. */
export interface Output {
  print(text: string): void
  /** Progress goes here, apart from results. */
  readonly progress: NodeJS.WriteStream
  /** Resolves with the first signal to stop. A second one ends the process at once. */
  stopped(): Promise<NodeJS.Signals>
}

const signals = ['SIGINT', 'SIGTERM'] as const

export const standardOutput: Output = {
  print: (text) => process.stdout.write(`${text}\n`),
  progress: process.stderr,
  stopped: () =>
    new Promise((resolve) => {
      const stop = (signal: NodeJS.Signals) => {
        for (const name of signals) process.removeListener(name, stop)
        resolve(signal)
      }
      for (const name of signals) process.on(name, stop)
    }),
}
