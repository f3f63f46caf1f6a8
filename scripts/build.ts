/** Builds dist/: the declarations by TypeScript, the code by esbuild, and the console as it is served. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { buildConsole } from '../console/build.ts'
import { encode, suffixes } from '../src/http/console/encodings.ts'
import { manifestName } from '../src/http/console/files.ts'
import { bundle } from './bundle.ts'
import { removeInternalDeclarations } from './declarations.ts'

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
removeInternalDeclarations('dist', ['gateway.d.ts', 'codegen.d.ts'])
await bundle('dist')
for (const { path, contents } of await buildConsole()) {
  const file = `dist/console/${path}`
  mkdirSync(dirname(file), { recursive: true })
  const { br, gzip } = await encode(contents, 11)
  writeFileSync(file, contents)
  writeFileSync(`${file}${suffixes.br}`, br)
  writeFileSync(`${file}${suffixes.gzip}`, gzip)
}
copyFileSync(`console/client/${manifestName}`, `dist/console/${manifestName}`)
