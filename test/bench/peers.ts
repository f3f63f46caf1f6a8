/** The packages of the peers: not the gateway's own, so they are installed when the bench first runs. */
import type { ExecFileSyncOptions } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const folder = import.meta.dirname
const root = join(folder, '..', '..')

/** Builds the gateway as it is shipped, installs what is missing, and checks the types of what the project's own check cannot. */
export function preparePeers(): void {
  const quietly: ExecFileSyncOptions = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }
  if (!existsSync(join(folder, 'node_modules'))) execFileSync('npm', ['ci', '--prefix', folder], quietly)
  execFileSync('npm', ['run', 'build'], quietly)
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { cwd: root, stdio: 'inherit' })
}

/** What was measured, by name and version. */
export function peerVersions(): [string, string][] {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  return Object.entries(dependencies)
}
