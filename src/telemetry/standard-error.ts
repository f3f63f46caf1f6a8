import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Target } from './line-file.ts'
import { LineFile } from './line-file.ts'
import type { Observe } from './observation.ts'

const writeAsync = promisify(write)
const standardError = 2

/**
 * Opens standard error for lines. Writing never blocks or ends the process, even with a full disk, a pipe that is not read, or a
 * stopped terminal. Open it once per process, so that lines of the log and of the audit log do not interleave.
 */
export function openStandardError(observe: Observe): LineFile {
  let opened: Target | undefined
  const target = () => {
    opened ??= openTarget()
    return opened
  }
  const writeAtExit = () => lines.writeAtExit()
  const lines = new LineFile({
    file: 'log',
    target: {
      write: (bytes) => target().write(bytes),
      writeAtExit: (bytes) => target().writeAtExit?.(bytes),
      close() {
        process.off('exit', writeAtExit)
        opened?.close()
      },
    },
    observe,
    delayMs: 0,
  })
  process.on('exit', writeAtExit)
  return lines
}

/**
 * Opens the file again, because O_NONBLOCK on the inherited descriptor would be shared with other processes. A socket, such as that of
 * journald, cannot be opened again; Node writes to it without blocking.
 */
function openTarget(): Target {
  const found = statOf(standardError)
  if (found?.isSocket() === true) return streamTarget()
  const own = reopened()
  if (own !== undefined) return descriptorTarget(own, () => closeSync(own))
  // Not Linux, or the terminal or pipe belongs to another user.
  return found?.isFIFO() === true ? streamTarget() : descriptorTarget(standardError, () => undefined)
}

function statOf(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor)
  } catch {
    return undefined
  }
}

function reopened(): number | undefined {
  const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants
  try {
    return openSync(`/proc/self/fd/${standardError}`, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY)
  } catch {
    return undefined
  }
}

function descriptorTarget(descriptor: number, close: () => void): Target {
  return {
    write: async (bytes) => (await writeAsync(descriptor, bytes)).bytesWritten,
    writeAtExit(bytes) {
      try {
        writeSync(descriptor, bytes)
      } catch {
        // The process exits, and the failure cannot be reported.
      }
    },
    close,
  }
}

function streamTarget(): Target {
  // The callback of a write reports its failure.
  process.stderr.on('error', () => undefined)
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        process.stderr.write(bytes, (error) => (error == null ? resolve(bytes.length) : reject(error)))
      }),
    close: () => undefined,
  }
}
