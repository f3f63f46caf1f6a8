/**
 * How V8 keeps its heap, said before anything else is loaded. Left alone it takes hundreds of megabytes for a heap of forty.
 *
 * Rows that are copied come as many small buffers that would all be kept. When serving, V8 would soon take what a request needs
 * for what stays, and put it where only a full collection finds it; it would let that place grow to four times what is in use;
 * and a young generation that may grow does, though nearly nothing in it survives.
 */
import { setFlagsFromString } from 'node:v8'

const [command] = process.argv.slice(2)

if (command === 'serve') setFlagsFromString('--no-allocation-site-pretenuring --heap-growing-percent=100')
if (command === 'copy') keepYoungGeneration()

/** It does not grow from here on. A start leaves it with twice 16 MB, which is what serving needs. */
export function keepYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
