import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { unannouncedChanges } from '../scripts/schema-changes.ts'

const released =
  'type Query { call(id: ID!): Call } type Call { id: ID! time: String callId: String } enum Order { NEW OLD }'
const directive = 'directive @semanticNonNull(levels: [Int] = [0]) on FIELD_DEFINITION'
const changedDefault = 'Breaking: Query.call arg at has changed defaultValue from 1 to 2.'
const removed = released.replace('callId: String', '')
const log = (lines: string) =>
  `# Changelog\n\n## Unreleased\n\n${lines}\n\n## 1.0.0\n\n- Breaking: Call.time was removed.\n`

describe('Changes of the schema since the last release', () => {
  it('may add what they like', () => {
    const more = `${released.replace('callId', 'reason: String callId').replace('NEW', 'NEW BIG')} type Other { id: ID! }`
    expect(unannouncedChanges(released, more, log('- x'))).toEqual([])
  })

  it.each([
    [removed, 'Breaking: Call.callId was removed.'],
    [released.replace('NEW ', ''), 'Breaking: NEW was removed from enum type Order.'],
    [released.replace('time: String', 'time: Int'), 'Breaking: Call.time changed type from String to Int.'],
    [released.replace('id: ID!)', 'id: ID!, at: Int!)'), 'Breaking: A required arg at on Query.call was added.'],
  ])('that break clients have to be announced: %#', (current, line) => {
    expect(unannouncedChanges(released, current, log('- x'))).toEqual([line])
    expect(unannouncedChanges(released, current, log(`- ${line.replace(' was', '\n  was')} Because.`))).toEqual([])
  })

  it.each([
    ['time: String', 'time: String @semanticNonNull', 'time: String', 'Breaking: Call.time lost @semanticNonNull.'],
    ['time: String', 'time: String @semanticNonNull', '', 'Breaking: Call.time was removed.'],
    ['call(id: ID!)', 'call(id: ID!, at: Int = 1)', 'call(id: ID!, at: Int = 2)', changedDefault],
  ])('that a comparison of types does not see have to be announced as well: %s', (from, before, after, line) => {
    const [old, current] = [before, after].map((to) => `${directive} ${released.replace(from, to)}`)
    expect(unannouncedChanges(old ?? '', old ?? '', log('- x'))).toEqual([])
    expect(unannouncedChanges(old ?? '', current ?? '', log('- x'))).toEqual([line])
  })

  it('are not announced by the section of an earlier release, nor without a change log', () => {
    const line = 'Breaking: Call.time was removed.'
    const current = released.replace('time: String', '')
    expect(unannouncedChanges(released, current, log('- x'))).toEqual([line])
    expect(unannouncedChanges(released, current, '')).toEqual([line])
    expect(unannouncedChanges(released, current, `## Unreleased\n\n- ${line}\n`)).toEqual([])
  })

  it('of this repository are announced (npm run schema:check)', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/schema-check.ts'], { encoding: 'utf8' })
    const hasRelease = existsSync('test/graph/released.graphql')
    const said = hasRelease ? 'Every change that breaks clients is announced.\n' : 'No schema has been released yet.\n'
    expect([status, stdout, stderr]).toEqual([0, said, ''])
  })
})
