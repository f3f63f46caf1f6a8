import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPasswordLike } from '../../src/config/password-like.ts'

const secrets =
  'pin pw pwd pass passwd password passphrase secret auth key token credential private ha1 hash otp cert'.split(' ')
const harmless =
  'title username userDisplayName host transport userCallerId pinned spinner spin monkey keyboardLayout hashtag author authority compass bypass concert passenger pink ping opinion shipping keypad hotkeys turkey port realm country icon voicemailNumber stunServer dtmf codecOrder'.split(
    ' ',
  )
const affixes = ['cloud', 'sip', 'user', 'voicemail', 'my', 'push', 'old', 'new', 'web', 'device', 'mailbox', 'lock']
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

describe('The name of a setting', () => {
  it.each([
    'authUsername',
    'PIN2',
    'pin_code',
    'PINcode',
    'userPINcode',
    'sippw',
    'SIPpw',
    'userpwd',
    'cloud_password',
    'passWord',
  ])('like %s is password-like', (name) => expect(isPasswordLike(name)).toBe(true))

  it.each([
    'p.i.n',
    'user-PW',
    'Ha1',
    'ha1b',
    'mailboxpin',
    'x509cert',
    'privateKey',
    'APIKey',
    'auth',
    'ｐassword',
    'hash256',
    'key',
  ])('like %s is password-like as well', (name) => expect(isPasswordLike(name)).toBe(true))

  it.each(harmless)('like %s is not', (name) => expect(isPasswordLike(name)).toBe(false))

  it('is password-like in any case, next to any other word, with any separator', () => {
    const secret = fc.constantFrom(...secrets)
    const affix = fc.constantFrom(...affixes)
    const digits = fc.constantFrom('', '1', '02')
    fc.assert(
      fc.property(secret, affix, digits, fc.constantFrom('_', '-', '.', ' ', ':'), (word, other, number, joint) => {
        for (const name of [
          word + number,
          `${other}${joint}${word}${number}`,
          `${word}${number}${joint}${other}`,
          `${other}${capital(word)}${number}`,
          `${word}${capital(other)}${number}`,
          `${capital(other)}${word.toUpperCase()}${number}`,
          `${other}${word}`,
          `${other}${number}${word}`,
          (other + joint + word).toUpperCase(),
        ]) {
          expect([name, isPasswordLike(name)]).toEqual([name, true])
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
