import { isatty } from 'node:tty'

const standardStreams = [0, 1, 2] as const

/** Calls `reload` on SIGHUP. When the terminal of the process is closed, which sends SIGHUP as well, the process stops. */
export function onHangup(reload: () => void): void {
  const terminals = standardStreams.filter(isatty)
  process.on('SIGHUP', () => {
    // A terminal that was closed is none any more.
    if (terminals.length > 0 && !terminals.some(isatty)) process.kill(process.pid, 'SIGTERM')
    else reload()
  })
}
