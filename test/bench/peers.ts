/** Packages of the peers. They are not dependencies of the gateway, so the first run of the benchmark installs them. */
import type { ExecFileSyncOptions } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const folder = import.meta.dirname
const root = join(folder, '..', '..')

/** Builds the gateway, installs missing packages, and type-checks files that the project's own check excludes. */
export function preparePeers(): void {
  const quietly: ExecFileSyncOptions = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }
  if (!existsSync(join(folder, 'node_modules'))) execFileSync('npm', ['ci', '--prefix', folder], quietly)
  execFileSync('npm', ['run', 'build'], quietly)
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { cwd: root, stdio: 'inherit' })
}

/** The measured packages by name and version. */
export function peerVersions(): [string, string][] {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  return Object.entries(dependencies)
}
