/**
 * How V8 keeps its heap, said before anything else is loaded. Left alone it takes hundreds of megabytes for a heap of forty.
 *
 * Rows that are copied come as many small buffers that would all be kept. When serving, V8 would soon take what a request needs
 * for what stays, and put it where only a full collection finds it.
 */
import { setFlagsFromString } from 'node:v8'

const [command] = process.argv.slice(2)

if (command === 'serve') setFlagsFromString('--no-allocation-site-pretenuring')
if (command === 'copy') setFlagsFromString('--semi-space-growth-factor=1')
