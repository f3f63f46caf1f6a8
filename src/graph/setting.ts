import { codedError } from '../errors/coded-error.ts'
import { BadInput } from '../loaders/bad-input.ts'
import type { SettingRow } from '../versions/projection.ts'
import { builder } from './builder.ts'
import { Selector } from './selector.ts'

const maxNames = 50

const Setting = builder.objectRef<SettingRow>('Setting').implement({
  description: "A setting of a selector's SIP account, as SIPIS keeps it.",
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, in the words of the app.' }),
    value: t.exposeString('value', { nullable: true, description: 'Its value as stored; it may be ciphertext.' }),
  }),
})

builder.objectField(Selector, 'settings', (t) =>
  t.field({
    type: [Setting],
    nullable: true,
    description:
      'Settings of its SIP account, of those that the operator of the gateway has allowed to be seen, sorted by name. It needs ' +
      'the scope sipis:settings; without it the field is null with the error FORBIDDEN, and everything else is answered.',
    args: {
      names: t.arg.stringList({
        description: `Only these, at most ${maxNames}; left out, all that are allowed. What is not allowed is left out like what is not set.`,
      }),
    },
    resolve: (owner, { names }, { loaders, detected, allowedSettings }) => {
      if (names != null && names.length > maxNames) {
        throw new BadInput(`${names.length} names are asked for; settings takes at most ${maxNames}.`)
      }
      if (!detected.hasSettings) {
        throw codedError(
          'FORBIDDEN',
          'The gateway may not read the table data of this database. Its operator can let it: GRANT SELECT ON data.',
        )
      }
      return loaders.settings.ofNames(
        owner,
        names == null ? allowedSettings : allowedSettings.filter((one) => names.includes(one)),
      )
    },
  }),
)
