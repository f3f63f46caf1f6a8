/**
 * Names of settings that could be a password or a part of a credential. `auth` counts, because the name that a user
 * authenticates with is half of a credential. Names are compared word by word, so that `PIN2` and `cloud_password` are found
 * and `spinner` and `keyboardLayout` are not. Unclear names are refused.
 */
const words =
  /^(pins?|pincode|pws?|pwds?|psw|psk|pass|passes|auth|authn|authz|keys?|tokens?|[th]?otp|ha|hash|hashes|certs?|cookies?|salt|nonce|puk|jwt|bearer|digest|private|priv)$/

/** Matched anywhere in a name, even across words. */
const stems =
  /passw|passp?hrase|passcode|pwd|secret|token|credential|private|privkey|certificate|authent|authori[sz]|kennwort|passwort|heslo/

/** Short stems, matched only at the beginning or end of a word that is not a common one. */
const ends =
  /(pw|psw|auth|otp|(?<!mon|don|tur|hoc|joc|whis|hot)key|(?<!com|by|over|under|tres|sur)pass|(?<!^s)pin|(?<!re)hash|(?<!con)cert)s?$/
const begins =
  /^(pw|auth(?!or)|otp|(pin|key|pass|hash)(code|name|value|text|user|sip|file|data|id|num|number|salt|string|old|new)$)/

export function isPasswordLike(name: string): boolean {
  const plain = name.normalize('NFKC')
  const joined = plain.toLowerCase().replaceAll(/[^\p{L}]/gu, '')
  return /ha1/i.test(plain) || stems.test(joined) || [joined, ...wordsOf(plain)].some(isPasswordWord)
}

function isPasswordWord(word: string): boolean {
  return words.test(word) || ends.test(word) || begins.test(word)
}

/** The words of camelCase, snake_case, kebab-case, dotted and numbered names, in lower case. */
function wordsOf(name: string): string[] {
  const split = name.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
  // SIPUser is SIP and User, PINcode is PIN and code.
  const readings = [
    split.replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2'),
    split.replaceAll(/(\p{Lu}{2,})(\p{Ll})/gu, '$1 $2'),
  ]
  return readings.flatMap((reading) => reading.toLowerCase().split(/[^\p{L}]+/u)).filter((word) => word !== '')
}
