import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../../scripts/bundle.ts'

const folder = `.bundle-bin-${process.pid}`
const bin = `${folder}/cli/bin.js`
beforeAll(() => bundle(folder))
afterAll(() => rm(folder, { recursive: true }))

/** Runs the command of the package as if in another version of Node. */
function runIn(version: string, ...args: string[]) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
  const flag = `--import=data:text/javascript,${encodeURIComponent(pretend)}`
  return spawnSync(process.execPath, [flag, bin, ...args], { encoding: 'utf8' })
}

describe('The command of the package', () => {
  it.each(['18.20.8', '20.20.2', '22.14.0'])('says in Node %s in one sentence which version it requires', (version) => {
    const { status, stdout, stderr } = runIn(version, 'schema')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      `sipis-gateway requires Node 22.15 or newer, and this is Node ${version}. Install a newer one from https://nodejs.org.\n`,
    )
  })

  it.each(['22.15.0', '24.0.0', '25.1.0'])('runs in Node %s', (version) => {
    const { status, stdout } = runIn(version, 'schema')
    expect([status, stdout]).toEqual([0, readFileSync('schema.graphql', 'utf8')])
  })

  it('loads nothing before it has checked the version, which is that of package.json', () => {
    const code = readFileSync(bin, 'utf8')
    expect(code).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(code.split('process.versions')[0]).not.toMatch(/\bimport\b/)
    expect(code).not.toMatch(/^import [^(]/m)
    expect(JSON.parse(readFileSync('package.json', 'utf8')).engines.node).toBe('>=22.15.0')
  })
})
