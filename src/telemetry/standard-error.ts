import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Target } from './line-file.ts'
import { LineFile } from './line-file.ts'
import type { Observe } from './observation.ts'

const writeAsync = promisify(write)
const standardError = 2

/**
 * Standard error as lines that never block the process and never end it, wherever they go: a full disk, a pipe that is not read, a
 * terminal that is held. There is one for a process, so that lines of the log and of the audit log do not mix.
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
 * The file is opened anew, so that O_NONBLOCK holds whatever other processes do to the descriptor that they share. A socket, such as
 * that of journald, cannot be opened anew; Node writes to it without blocking.
 */
function openTarget(): Target {
  const found = statOf(standardError)
  if (found?.isSocket() === true) return streamTarget()
  const own = reopened()
  if (own !== undefined) return descriptorTarget(own, () => closeSync(own))
  // Not Linux, or a terminal or pipe of another user.
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
        // There is no one left to tell.
      }
    },
    close,
  }
}

function streamTarget(): Target {
  // The failure of a write is known from its callback.
  process.stderr.on('error', () => undefined)
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        process.stderr.write(bytes, (error) => (error == null ? resolve(bytes.length) : reject(error)))
      }),
    close: () => undefined,
  }
}
