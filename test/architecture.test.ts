import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The rooms of src/, and the rooms that each may import. A room is a folder of src/, or a file that is named here. Types count: a type of a later
 * room is a dependency as well.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  // The types of observations are at the ground; their listeners are wired at the top alone.
  'telemetry/observation.ts': [],
  telemetry: ['errors', 'telemetry/observation.ts'],
  concurrency: ['errors'],
  database: ['errors', 'concurrency', 'telemetry/observation.ts'],
  config: ['errors', 'database'],
  sipis: ['errors', 'telemetry/observation.ts', 'database'],
  loaders: ['errors', 'concurrency', 'database', 'sipis'],
  auth: ['errors', 'config', 'loaders'],
  documents: ['errors', 'config', 'auth', 'loaders'],
  graph: ['errors', 'database', 'sipis', 'loaders', 'auth', 'documents'],
  execution: [
    'errors',
    'config',
    'database',
    'sipis',
    'loaders',
    'auth',
    'documents',
    'graph',
    'telemetry/observation.ts',
  ],
  http: [
    'errors',
    'concurrency',
    'config',
    'database',
    'sipis',
    'loaders',
    'auth',
    'documents',
    'graph',
    'execution',
    'telemetry/observation.ts',
  ],
  tools: ['errors', 'config', 'database', 'sipis'],
  'composition.ts': [
    'errors',
    'telemetry/observation.ts',
    'concurrency',
    'config',
    'database',
    'sipis',
    'loaders',
    'auth',
    'http',
    'tools',
    'telemetry',
  ],
  'gateway.ts': ['errors', 'telemetry', 'config', 'auth', 'composition.ts'],
  cli: ['errors', 'telemetry', 'config', 'database', 'sipis', 'auth', 'graph', 'http', 'tools', 'composition.ts'],
}

const files = globSync('src/**/*.ts').sort()
const imports = new Map(files.map((file) => [file, importsOf(file)]))

function importsOf(file: string): readonly string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...specifiers].map(([, specifier = '']) => normalize(join(dirname(file), specifier)))
}

function roomOf(file: string): string {
  const path = file.slice('src/'.length)
  const [folder = ''] = path.split('/')
  return path in allowed ? path : folder
}

/** A way from the file back to itself, if there is one. */
function circleThrough(start: string): readonly string[] | undefined {
  const seen = new Set<string>()
  const walk = (file: string, way: readonly string[]): readonly string[] | undefined => {
    for (const next of imports.get(file) ?? []) {
      if (next === start) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      const circle = walk(next, [...way, next])
      if (circle !== undefined) return circle
    }
    return undefined
  }
  return walk(start, [start])
}

describe('The imports of src/', () => {
  it('name files that exist', () => {
    expect([...imports.values()].flat().filter((file) => file.startsWith('src/') && !imports.has(file))).toEqual([])
  })

  it('go from a room to rooms that it may use', () => {
    const wrong = files.flatMap((file) => {
      const mayUse = [roomOf(file), ...(allowed[roomOf(file)] ?? [])]
      return (imports.get(file) ?? [])
        .filter((target) => target.startsWith('src/') && !mayUse.includes(roomOf(target)))
        .map((target) => `${file} -> ${target}`)
    })
    expect(wrong).toEqual([])
  })

  it('make no circle, types included', () => {
    expect(files.map(circleThrough).filter((circle) => circle !== undefined)).toEqual([])
  })

  it('use every arrow that is allowed', () => {
    const used = new Set(
      [...imports].flatMap(([file, targets]) => targets.map((target) => `${roomOf(file)} -> ${roomOf(target)}`)),
    )
    const all = Object.entries(allowed).flatMap(([room, targets]) => targets.map((target) => `${room} -> ${target}`))
    expect(all.filter((arrow) => !used.has(arrow))).toEqual([])
  })

  it('keep the rooms in an order in which each uses only earlier ones', () => {
    const order = Object.keys(allowed)
    for (const [room, targets] of Object.entries(allowed)) {
      for (const target of targets)
        expect(order.indexOf(target), `${room} -> ${target}`).toBeLessThan(order.indexOf(room))
    }
    expect([...new Set(files.map(roomOf))].sort()).toEqual(order.toSorted())
  })
})

describe('Libraries that measure', () => {
  const importing = (name: RegExp) => files.filter((file) => name.test(readFileSync(file, 'utf8')))

  it('are imported by telemetry/ alone', () => {
    expect(importing(/'(prom-client|@opentelemetry\/.*)'/)).toEqual([
      'src/telemetry/instruments.ts',
      'src/telemetry/traces.ts',
    ])
  })

  it('are not loaded for traces that nothing takes', () => {
    expect(importing(/import \{.*'.*\/traces.ts'/)).toEqual([])
  })
})

describe('A function of src/', () => {
  it('does not read argv or set the exit code outside the command line', () => {
    const users = files.filter((file) => /process\.(argv|exitCode|exit\()/.test(readFileSync(file, 'utf8')))
    // process.ts sets the flags of V8 before anything else runs; ending.ts ends a process that does not end by itself.
    expect(users).toEqual(['src/cli/ending.ts', 'src/cli/main.ts', 'src/cli/process.ts'])
  })
})
