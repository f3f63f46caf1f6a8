/**
 * Adds to package-lock.json the optional packages of other platforms that npm leaves out when it cannot load them while it
 * resolves (npm/cli#4828). `npm ci` refuses a lock file without them. Run it after every npm install that changes the lock.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

const file = 'package-lock.json'
const entry = z.object({
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
})
/** As it was read, for parsing would change the order of its keys. */
const raw = JSON.parse(readFileSync(file, 'utf8'))
const lock = z.object({ packages: z.record(z.string(), entry) }).parse(raw)

const systems: Readonly<Record<string, string>> = {
  aix: 'aix',
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  openharmony: 'openharmony',
  sunos: 'sunos',
  win32: 'win32',
  windows: 'win32',
}
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/** A platform as the packages' own names tell it. */
function platform(name: string): object {
  const words = name.split(/[-/]/)
  const system = words.map((word) => systems[word]).find((found) => found !== undefined)
  const processor = processors.find((known) => words.includes(known))
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : undefined
  return {
    ...(system === undefined ? {} : { os: [system] }),
    ...(processor === undefined ? {} : { cpu: [processor] }),
    ...(libc === undefined ? {} : { libc: [libc] }),
  }
}

/** Where npm would put a dependency of the package at this path. */
function isPresent(path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true
    if (folder === '') return false
  }
}

let added = 0
for (const [path, { dev, optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isPresent(path, name)) continue
    const nested = `${path}/node_modules/${name}`
    const top = `node_modules/${name}`
    const place = top in lock.packages ? nested : top
    const found = {
      version: version.replace(/^[\^~]/, ''),
      ...(dev === true ? { dev } : {}),
      optional: true,
      ...platform(name),
    }
    raw.packages[place] = found
    lock.packages[place] = {}
    added++
  }
}
raw.packages = Object.fromEntries(Object.entries(raw.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
writeFileSync(file, `${JSON.stringify(raw, null, 2)}\n`)
process.stdout.write(`Added ${added} packages of other platforms.\n`)
