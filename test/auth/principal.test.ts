import { describe, expect, it } from 'vitest'
import { Forbidden } from '../../src/auth/forbidden.ts'
import { anonymousPrincipal, isScope, maySee, scopes } from '../../src/auth/principal.ts'
import { refusedFields } from '../../src/auth/refused-fields.ts'
import { device, tool } from '../support/principals.ts'

describe('A principal', () => {
  it('may read its own selector with sipis:own, every selector with sipis:read, and none otherwise', () => {
    const seen = (principal: Parameters<typeof maySee>[0]) =>
      ['A:B', 'a:b', 'A:BC', ''].filter((selector) => maySee(principal, selector))
    expect(seen(device('device', 'A:B'))).toEqual(['A:B'])
    expect(seen(device('device', 'A:B', 'sipis:read'))).toEqual(['A:B', 'a:b', 'A:BC', ''])
    expect(seen({ ...device('device', 'A:B'), scopes: ['sipis:tokens'] })).toEqual([])
    expect(seen(tool('tool', 'sipis:own', 'sipis:tokens', 'sipis:settings', 'sipis:ops'))).toEqual([])
    expect(seen(tool('reader', 'sipis:read'))).toEqual(['A:B', 'a:b', 'A:BC', ''])
  })

  it('has only scopes with these names', () => {
    expect(scopes).toEqual(['sipis:own', 'sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'])
    expect(['sipis:read', 'sipis:', '', 'SIPIS:READ', 'sipis:read ', 'toString'].filter(isScope)).toEqual([
      'sipis:read',
    ])
  })

  it('of an open gateway has every scope of a tool, and no selector', () => {
    expect(anonymousPrincipal).toEqual({
      id: 'open',
      name: 'open',
      scopes: ['sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'],
      selector: null,
    })
  })

  it('is denied the fields that require scopes it lacks', () => {
    const lists = ['Query.selectors', 'Query.calls', 'Query.messages', 'Query.pushTests', 'Query.tokens']
    const refused = (...some: (typeof scopes)[number][]) => [...refusedFields(tool('tool', ...some))]
    const secrets = ['Selector.settings', 'Token.token']
    const statistics = ['Query.callStats', 'Query.pushTestStats', 'Query.topCallers', 'Query.tokenStats']
    const ofReaders = [...lists, ...statistics, 'Subscription.allChanges']
    expect(refused().sort()).toEqual(
      [...ofReaders, ...secrets, 'Query.servers', 'Query.database', 'Query._service'].sort(),
    )
    expect(refused('sipis:own')).toEqual(refused())
    expect(refused('sipis:ops').sort()).toEqual([...ofReaders, ...secrets].sort())
    expect(refused('sipis:read')).toEqual([...secrets, 'Query._service'])
    expect(refused('sipis:read', 'sipis:tokens')).toEqual(['Selector.settings', 'Query._service'])
    expect(refused('sipis:settings', 'sipis:read', 'sipis:tokens', 'sipis:ops')).toEqual([])
  })

  it('shares its set of denied fields with principals of the same scopes, in any order', () => {
    const set = refusedFields(tool('one', 'sipis:read', 'sipis:ops'))
    expect(refusedFields(tool('other', 'sipis:ops', 'sipis:read'))).toBe(set)
    expect(refusedFields(tool('other', 'sipis:read'))).not.toBe(set)
  })

  it('gets an error that names the required scopes', () => {
    const error = new Forbidden('This field', ['sipis:read', 'sipis:ops'])
    expect(error.message).toBe('This field requires the scope sipis:read or sipis:ops.')
  })
})
