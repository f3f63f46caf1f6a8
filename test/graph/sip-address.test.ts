import { describe, expect, it } from 'vitest'
import { uriOf } from '../../src/graph/sip-address.ts'

const address = (parts: Partial<Parameters<typeof uriOf>[0]>) =>
  uriOf({ scheme: 'sip', displayName: 'not in it', username: 'alice', domain: 'example.com', port: null, ...parts })

describe('The URI of a SIP address', () => {
  it.each([
    ['sip:alice@example.com', {}],
    ['sips:alice@example.com:5061', { scheme: 'sips', port: 5061 }],
    ['sip:example.com', { username: '' }],
    ['sip:alice', { domain: '' }],
    ['tel:+420123', { scheme: 'tel', username: '+420123', domain: '' }],
    ['', { username: '', domain: '' }],
    ['sip:alice@example.com', { scheme: '' }],
    ['sip:alice@[2001:db8::1]:5070', { domain: '2001:db8::1', port: 5070 }],
    ['sip:alice@[2001:db8::1]', { domain: '[2001:db8::1]' }],
    ['sip:a%40b%3Ac%20%25%23@example.com', { username: 'a@b:c %#' }],
    ['sip:%C5%BE;phone=1@example.com', { username: 'ž;phone=1' }],
    ['sip:%EF%BF%BD@example.com', { username: '\ud800' }],
  ])('is %j', (uri, parts) => {
    expect(address(parts)).toBe(uri)
  })
})
