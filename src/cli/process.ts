/**
 * Settings of the process, made before anything else is loaded.
 *
 * Left alone V8 takes hundreds of megabytes for a heap of forty: rows that are copied come as many small buffers that would all be
 * kept, and per-request rows of a server would move into the old generation, which only a full collection clears.
 *
 * graphql-js checks each type that it compares for a second copy of itself unless NODE_ENV is production.
 */
import { setFlagsFromString } from 'node:v8'

const [command] = process.argv.slice(2)

process.env['NODE_ENV'] ??= 'production'
if (command === 'serve') setFlagsFromString('--no-allocation-site-pretenuring')
if (command === 'copy') setFlagsFromString('--semi-space-growth-factor=1')
