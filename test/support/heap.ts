import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/** The bytes that are in use once all garbage is collected. */
export function heapUsed(): number {
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}
