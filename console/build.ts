/** Bundles the console by esbuild: into the package, and in a clone at the first visit. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BuiltFile } from '../src/http/console/files.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** The page, its script and its style, and the manifest of the documents that they send. */
export async function buildConsole(): Promise<readonly BuiltFile[]> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ['main.tsx', 'style.css', 'icon.svg'],
    loader: { '.svg': 'copy' },
    outdir: 'assets',
    entryNames: '[name]-[hash]',
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome119', 'firefox121', 'safari17.4'],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'silent',
  })
  const files = outputFiles.map(({ path, contents }) => ({ path: `assets/${basename(path)}`, contents }))
  const page = await readFile(`${folder}index.html`, 'utf8')
  const html = page.replaceAll(/\{(\w+)\}/g, (_, extension: string) => {
    const { path = '' } = files.find((file) => file.path.endsWith(`.${extension}`)) ?? {}
    return path
  })
  return [...files, { path: 'index.html', contents: Buffer.from(html) }]
}
