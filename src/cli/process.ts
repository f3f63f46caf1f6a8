/**
 * Process settings, applied before other modules are loaded.
 *
 * serve: disables allocation-site pretenuring, because V8 would move per-request rows into the old generation, which only a full
 * collection clears. copy: limits the growth of the young generation, because rows arrive as many small buffers. Without these flags
 * V8 uses hundreds of megabytes for a heap of 40 MB.
 *
 * NODE_ENV: in production, graphql-js skips its check for duplicate copies of itself on every type comparison.
 */
import { setFlagsFromString } from 'node:v8'

const [command] = process.argv.slice(2)

process.env['NODE_ENV'] ??= 'production'
if (command === 'serve') setFlagsFromString('--no-allocation-site-pretenuring')
if (command === 'copy') setFlagsFromString('--semi-space-growth-factor=1')
