import type { Values } from '../database.ts'
import { readRow } from './wire-row.ts'

/** Code and length of a message. */
const headBytes = 5
const dataRow = 'D'.charCodeAt(0)

interface Heard {
  onRow(values: Values): void
  onOthers(messages: Buffer): void
}

/**
 * Splits what a server sends into rows, which stay bytes, and the messages between them, which the driver parses. Messages may come in
 * any pieces.
 */
export function createSplitter(heard: Heard): (received: Buffer) => void {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  /** Bytes of the message that has begun, as far as they are known. */
  let needed = headBytes

  return (received) => {
    waiting.push(received)
    waitingBytes += received.length
    // Pieces of a long message are put together once.
    if (waitingBytes < needed) return
    const bytes = waiting.length === 1 ? received : Buffer.concat(waiting, waitingBytes)
    const end = splitWhole(bytes, heard)
    waiting = end < bytes.length ? [bytes.subarray(end)] : []
    waitingBytes = bytes.length - end
    needed = waitingBytes < headBytes ? headBytes : lengthAt(bytes, end)
  }
}

/** @returns where the last message ends that is whole */
function splitWhole(bytes: Buffer, { onRow, onOthers }: Heard): number {
  let others = 0
  let at = 0
  while (at + headBytes <= bytes.length) {
    const end = at + lengthAt(bytes, at)
    if (end > bytes.length) break
    if (bytes[at] === dataRow) {
      if (others < at) onOthers(bytes.subarray(others, at))
      onRow(readRow(bytes, at + headBytes, end))
      others = end
    }
    at = end
  }
  if (others < at) onOthers(bytes.subarray(others, at))
  return at
}

/** The code of a message is not part of its length. */
function lengthAt(bytes: Buffer, at: number): number {
  return 1 + bytes.readUInt32BE(at + 1)
}
