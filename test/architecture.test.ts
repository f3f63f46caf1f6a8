import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The layers of src/, and the layers that each may import. A layer is a folder of src/, or a file that is listed here. Type imports
 * count as dependencies.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  // Observation types have no dependencies; only the top layers wire their listeners.
  'telemetry/observation.ts': [],
  telemetry: ['errors', 'telemetry/observation.ts'],
  concurrency: ['errors'],
  database: ['errors', 'concurrency', 'telemetry/observation.ts'],
  processes: ['concurrency'],
  config: ['errors', 'database'],
  sipis: ['errors', 'telemetry/observation.ts', 'database'],
  loaders: ['errors', 'concurrency', 'database', 'sipis'],
  live: ['errors', 'database', 'sipis', 'loaders'],
  auth: ['errors', 'config', 'loaders'],
  documents: ['errors', 'config', 'auth', 'loaders'],
  graph: ['errors', 'database', 'processes', 'sipis', 'loaders', 'live', 'auth', 'documents'],
  execution: [
    'errors',
    'config',
    'database',
    'processes',
    'sipis',
    'loaders',
    'live',
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
    'processes',
    'sipis',
    'loaders',
    'live',
    'auth',
    'documents',
    'graph',
    'execution',
    'telemetry/observation.ts',
  ],
  tools: ['errors', 'config', 'database', 'sipis', 'loaders', 'live'],
  'composition.ts': [
    'errors',
    'telemetry/observation.ts',
    'concurrency',
    'config',
    'database',
    'processes',
    'sipis',
    'loaders',
    'auth',
    'http',
    'tools',
    'telemetry',
  ],
  // The package's entry for builds of clients, which imports nothing.
  'codegen.ts': [],
  'gateway.ts': ['errors', 'telemetry', 'config', 'auth', 'composition.ts'],
  cli: [
    'errors',
    'telemetry/observation.ts',
    'telemetry',
    'config',
    'database',
    'sipis',
    'auth',
    'graph',
    'http',
    'tools',
    'composition.ts',
  ],
}

const files = globSync('src/**/*.ts').sort()
const imports = new Map(files.map((file) => [file, importsOf(file)]))

function importsOf(file: string): readonly string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...specifiers].map(([, specifier = '']) => normalize(join(dirname(file), specifier)))
}

function layerOf(file: string): string {
  const path = file.slice('src/'.length)
  const [folder = ''] = path.split('/')
  return path in allowed ? path : folder
}

/** Returns an import cycle through the file; undefined if there is none. */
function cycleThrough(start: string): readonly string[] | undefined {
  const seen = new Set<string>()
  const walk = (file: string, way: readonly string[]): readonly string[] | undefined => {
    for (const next of imports.get(file) ?? []) {
      if (next === start) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      const cycle = walk(next, [...way, next])
      if (cycle !== undefined) return cycle
    }
    return undefined
  }
  return walk(start, [start])
}

describe('The imports of src/', () => {
  it('refer to existing files', () => {
    expect([...imports.values()].flat().filter((file) => file.startsWith('src/') && !imports.has(file))).toEqual([])
  })

  it('point only to layers that the layer may import', () => {
    const wrong = files.flatMap((file) => {
      const mayUse = [layerOf(file), ...(allowed[layerOf(file)] ?? [])]
      return (imports.get(file) ?? [])
        .filter((target) => target.startsWith('src/') && !mayUse.includes(layerOf(target)))
        .map((target) => `${file} -> ${target}`)
    })
    expect(wrong).toEqual([])
  })

  it('form no cycle, including type imports', () => {
    expect(files.map(cycleThrough).filter((cycle) => cycle !== undefined)).toEqual([])
  })

  it('use every dependency that is allowed', () => {
    const used = new Set(
      [...imports].flatMap(([file, targets]) => targets.map((target) => `${layerOf(file)} -> ${layerOf(target)}`)),
    )
    const all = Object.entries(allowed).flatMap(([layer, targets]) => targets.map((target) => `${layer} -> ${target}`))
    expect(all.filter((dependency) => !used.has(dependency))).toEqual([])
  })

  it('order the layers so that each depends only on earlier ones', () => {
    const order = Object.keys(allowed)
    for (const [layer, targets] of Object.entries(allowed)) {
      for (const target of targets)
        expect(order.indexOf(target), `${layer} -> ${target}`).toBeLessThan(order.indexOf(layer))
    }
    expect([...new Set(files.map(layerOf))].sort()).toEqual(order.toSorted())
  })
})

describe('Prometheus and OpenTelemetry libraries', () => {
  const importing = (name: RegExp) => files.filter((file) => name.test(readFileSync(file, 'utf8')))

  it('are imported only by telemetry/', () => {
    expect(importing(/'(prom-client|@opentelemetry\/.*)'/)).toEqual([
      'src/telemetry/instruments.ts',
      'src/telemetry/totals.ts',
      'src/telemetry/traces.ts',
    ])
  })

  it('are not loaded if no collector is configured', () => {
    expect(importing(/import \{.*'.*\/traces.ts'/)).toEqual([])
  })
})

describe('A function of src/', () => {
  it('does not read argv or set the exit code outside the command line', () => {
    const users = files.filter((file) => /process\.(argv|exitCode|exit\()/.test(readFileSync(file, 'utf8')))
    // bin.ts refuses old versions of Node, process.ts sets the flags of V8 before anything else runs, and ending.ts ends a process
    // that does not end by itself, workers/supervise.ts starts workers with the arguments of the command.
    expect(users).toEqual([
      'src/cli/bin.ts',
      'src/cli/ending.ts',
      'src/cli/main.ts',
      'src/cli/process.ts',
      'src/cli/workers/supervise.ts',
    ])
  })
})
