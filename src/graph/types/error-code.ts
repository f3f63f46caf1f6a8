import { errorCatalogue, extensionCatalogue } from '../../errors/catalogue.ts'
import { builder } from '../builder.ts'

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const extensions = Object.entries(extensionCatalogue).map(([name, { with: codes, says }]) => {
  const whose = typeof codes === 'string' ? codes : codes.join(', ')
  return `\`${name}\` (${whose}): ${says}`
})

builder.enumType('ErrorCode', {
  description:
    'The codes of errors, in `extensions.code`. Branch on the code, never on the message. Values may be added: treat a code that your ' +
    `client does not know as INTERNAL. Further extensions:\n\n${extensions.map((one) => `- ${one}`).join('\n')}`,
  values: Object.fromEntries(
    Object.entries(errorCatalogue).map(([code, { meaning, action, retry }]) => [
      code,
      { description: [meaning, action, ...(retry === 'no' ? [] : [`retry ${retry}`])].map(sentence).join(' ') },
    ]),
  ),
})
