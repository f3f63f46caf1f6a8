/**
 * Bundles the code by esbuild. Packages stay what npm installs, but for drizzle-orm: Node reads the 180 kB of its package.json anew for
 * each of its modules, which takes half a second and 150 MB at every start.
 */
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { z } from 'zod'

/** @param outdir a folder at the top of the project: modules look for files beside theirs */
export async function bundle(outdir: string): Promise<void> {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')))
  await build({
    entryPoints: ['src/cli/bin.ts', 'src/cli/main.ts', 'src/gateway.ts', 'src/codegen.ts'],
    outdir,
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
}
