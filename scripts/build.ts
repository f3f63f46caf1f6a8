/**
 * Builds dist/: the declarations by TypeScript, the code by esbuild. Packages stay what npm installs, but for drizzle-orm: Node
 * reads the 180 kB of its package.json anew for each of its modules, which takes half a second and 150 MB at every start.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { z } from 'zod'

const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')))

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
await build({
  entryPoints: ['src/cli/main.ts', 'src/gateway.ts'],
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  // As deep as the modules that look for files beside them.
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node22',
  legalComments: 'eof',
  external: Object.keys(dependencies).filter((name) => name !== 'drizzle-orm'),
})
