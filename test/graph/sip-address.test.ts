import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uriOf } from '../../src/graph/sip-uri.ts'

const address = (parts: Partial<Parameters<typeof uriOf>[0]>) =>
  uriOf({ scheme: 'sip', username: 'alice', domain: 'example.com', port: null, ...parts })

describe('The URI of a SIP address', () => {
  it.each([
    ['sip:alice@example.com', {}],
    ['sips:alice@example.com:5061', { scheme: 'sips', port: 5061 }],
    ['sip:example.com', { username: null }],
    ['sip:alice', { domain: null }],
    [null, { username: null, domain: null }],
    ['sip:alice@example.com', { scheme: null }],
    ['sip:alice@example.com', { scheme: 'SIP' }],
    ['sip:alice@example.com', { scheme: 's p' }],
    ['xmpp:alice@example.com', { scheme: 'xmpp' }],
    ['sip:a%40b%3Ac%20%25%23@example.com', { username: 'a@b:c %#' }],
    ['sip:%C5%BE;phone=1@example.com', { username: 'ž;phone=1' }],
    ['sip:%F0%9F%98%80@example.com', { username: '😀' }],
    ['sip:%EF%BF%BD@example.com', { username: '\ud800' }],
  ])('is %j', (uri, parts) => {
    expect(address(parts)).toBe(uri)
  })

  it.each([
    ['[2001:db8::1]:5070', '2001:db8::1', 5070],
    ['[2001:db8::1]', '[2001:db8::1]', null],
    ['[2001:db8::1]:5070', '[2001:db8::1]:5070', null],
    ['[2001:db8::1]:5070', '[2001:db8::1]:5070', 5070],
    ['[2001:db8:0:0:0:0:0:1]:5070', '2001:db8:0:0:0:0:0:1:5070', null],
    ['[::ffff:192.0.2.1]', '::ffff:192.0.2.1', null],
    ['[fe80::1]', 'fe80::1%eth0', null],
    ['[fe80::1]:5060', '[fe80::1%eth0]:5060', null],
    ['192.0.2.1:5060', '192.0.2.1:5060', null],
    ['192.0.2.1:5060', '192.0.2.1', 5060],
    ['example.com:5060', 'example.com:5060', null],
    ['example.com:5060', 'example.com:5060', 5060],
    ['example.com:5080', 'example.com:5060', 5080],
    ['example.com', 'example.com:', null],
    ['example.com', 'example.com:0', null],
    ['example.com%3A99999', 'example.com:99999', null],
    ['example.com%3A5060a', 'example.com:5060a', null],
    ['a%3Ab%3Ac', 'a:b:c', null],
    ['%5Bexample.com%5D', '[example.com]', null],
    ['bob%40example.com:5060', 'bob@example.com:5060', null],
    ['example.com%3Btransport%3Dtcp', 'example.com;transport=tcp', null],
    ['%20example%0A.com', ' example\n.com', null],
    ['%3A5060', ':5060', null],
    ['example.com', 'example.com', -1],
    ['example.com', 'example.com', 70_000],
  ])('has the host and port %s of the domain %j and the port %j', (authority, domain, port) => {
    expect(address({ domain, port })).toBe(`sip:alice@${authority}`)
  })

  it.each([
    ['tel:+420123', '+420123', null],
    ['tel:+420123', '+420123', 'example.com'],
    ['tel:123', '123', null],
    ['tel:123;phone-context=example.com', '123', 'example.com'],
    ['tel:123;phone-context=a.b', '123;phone-context=a.b', 'example.com'],
    ['tel:*21%23', '*21#', null],
    [null, null, 'example.com'],
  ])('is %j for the number %j of the domain %j, because tel has no host', (uri, username, domain) => {
    expect(address({ scheme: 'tel', username, domain, port: 5060 })).toBe(uri)
  })

  /** Parses a SIP URI from both ends: scheme, last @, last colon after a bracket. */
  function parse(uri: string) {
    const scheme = uri.slice(0, uri.indexOf(':'))
    const rest = uri.slice(scheme.length + 1)
    const at = rest.lastIndexOf('@')
    const authority = rest.slice(at + 1)
    const colon = authority.indexOf(':', authority.indexOf(']') + 1)
    const host = colon < 0 ? authority : authority.slice(0, colon)
    return {
      scheme,
      username: decodeURIComponent(rest.slice(0, Math.max(0, at))),
      domain: host.startsWith('[') ? host.slice(1, -1) : host,
      port: colon < 0 ? null : Number(authority.slice(colon + 1)),
    }
  }

  const scheme = fc.constantFrom('sip', 'sips')
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string())
  /** Absent parts are null, never empty. */
  const part = anyText.map((text) => text || null)
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }))

  it('can be parsed into its parts if the host is valid', () => {
    const domain = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6().filter(isIPv6))
    fc.assert(
      fc.property(fc.record({ scheme, username: part, domain, port }), (parts) => {
        expect(parse(uriOf(parts) ?? '')).toEqual({ ...parts, username: parts.username?.toWellFormed() ?? '' })
      }),
    )
  })

  it('has only valid URI characters, one @ and one port separator, for any parts', () => {
    const wildPort = fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))
    const wild = fc.record({ scheme: part, username: part, domain: part, port: wildPort })
    const host = String.raw`(\[[0-9A-Fa-f:.]+\]|([\w.-]|%[0-9A-F]{2})+)`
    const user = String.raw`([\w\-.!~*'()&=+$,;?/]|%[0-9A-F]{2})+`
    const valid = new RegExp(`^$|^[a-z][a-z0-9+.-]*:(${user}(@${host}(:\\d{1,5})?)?|${host}(:\\d{1,5})?)$`)
    fc.assert(
      fc.property(wild, (parts) => {
        expect(uriOf(parts) ?? '').toMatch(valid)
      }),
      { numRuns: 1_000 },
    )
  })
})
