/**
 * How V8 keeps its heap, said before anything else is loaded, for it listens only while its heap is small.
 *
 * Left alone it lets a busy heap grow to hundreds of megabytes, for to collect it would be more work. Rows that are copied come
 * as many small buffers that would all be kept. Serving is faster with a heap that grows, so there it is for the operator to say.
 */
import { setFlagsFromString } from 'node:v8'

const [command] = process.argv.slice(2)
const isSmall = command === 'serve' && process.argv.includes('--small-heap')

if (command === 'copy') setFlagsFromString('--semi-space-growth-factor=1')
if (isSmall) setFlagsFromString('--heap-growing-percent=15')

/** The young generation grows as fast as it is used up; what serving needs it has by the time that it serves. */
export function keepYoungGenerationSmall(): void {
  if (isSmall) setFlagsFromString('--semi-space-growth-factor=1')
}
