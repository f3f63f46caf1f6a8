/**
 * How V8 keeps its heap, said before anything else is loaded, for it listens only while its heap is small.
 *
 * Left alone it lets a busy heap grow to hundreds of megabytes because collecting it would be a little more work. Rows that are
 * copied come as many small buffers, and answers as many small objects: none of them live long.
 */
import { setFlagsFromString } from 'node:v8'

const flags: Readonly<Record<string, readonly string[]>> = {
  copy: ['--semi-space-growth-factor=1'],
  serve: ['--heap-growing-percent=15'],
}

for (const flag of flags[process.argv[2] ?? ''] ?? []) setFlagsFromString(flag)

/** The young generation grows as fast as it is used up; what serving needs it has by the time that it serves. */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
