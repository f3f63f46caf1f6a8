import { errorCatalogue } from '../../errors/catalogue.ts'
import { builder } from '../builder.ts'

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

builder.enumType('ErrorCode', {
  description:
    'The codes of errors, in `extensions.code`. Branch on the code, never on the message. Values may be added: treat a code that your ' +
    'client does not know as INTERNAL. Further extensions: `argument`, the path of the argument at fault, e.g. ["filter", "since"]; ' +
    '`requires`, the scopes of which one would do (FORBIDDEN); `retryAfterSeconds` (RATE_LIMITED, UNAVAILABLE); `setting` and ' +
    '`limit` (TOO_COSTLY).',
  values: Object.fromEntries(
    Object.entries(errorCatalogue).map(([code, { meaning, action, retry }]) => [
      code,
      { description: [meaning, action, ...(retry === 'no' ? [] : [`retry ${retry}`])].map(sentence).join(' ') },
    ]),
  ),
})
