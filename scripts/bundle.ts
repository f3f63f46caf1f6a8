/** Bundles the code by esbuild: for the package, and for the tests. */
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { z } from 'zod'

const common = {
  outbase: 'src',
  bundle: true,
  splitting: true,
  // As deep as the modules that look for files beside them.
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node22',
  legalComments: 'eof',
} as const

/** Packages that look for files of their own, or are loaded only where they are used. */
const unbundled = [
  '@electric-sql/pglite',
  '@graphql-yoga/render-graphiql',
  '@opentelemetry/*',
  'ioredis',
  'pg-native',
  'pino',
]

/**
 * Bundles the command line with all packages in it. It starts twice as fast as the one that the package has.
 *
 * @param outdir a folder at the top of the project: modules look for files beside theirs
 */
export async function bundleWhole(outdir: string): Promise<void> {
  await build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outdir,
    // One instance, as in Node: CommonJS modules get the other build.
    alias: { graphql: 'graphql/index.mjs' },
    banner: {
      js: "import { createRequire as forCommonJs } from 'node:module'; const require = forCommonJs(import.meta.url);",
    },
    external: unbundled,
  })
}

const bundled: ReadonlySet<string> = new Set([
  // Node reads the 180 kB of its package.json anew for each of its modules, which takes half a second and 150 MB at every start.
  'drizzle-orm',
  // They have graphql as a peer. In a project with graphql 17, which graphql-codegen 7 brings, npm would give them that one, and the
  // gateway its own. Yoga, which executes with the gateway's, works in spite of that.
  '@graphql-tools/utils',
  '@pothos/core',
  '@pothos/plugin-relay',
  'graphql-ws',
])

/**
 * Bundles the package. Its dependencies stay what npm installs, but for those in `bundled`.
 *
 * @param outdir a folder at the top of the project: modules look for files beside theirs
 */
export async function bundle(outdir: string): Promise<void> {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')))
  await build({
    ...common,
    entryPoints: ['src/cli/bin.ts', 'src/cli/main.ts', 'src/gateway.ts', 'src/codegen.ts'],
    outdir,
    external: Object.keys(dependencies).filter((name) => !bundled.has(name)),
  })
}
