import type { FieldExtensions } from '../../documents/list-size.ts'
import { codedError } from '../../errors/coded-error.ts'
import { BadInput } from '../../loaders/bad-input.ts'
import type { SettingRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { Selector } from './selector.ts'

const maxNames = 50

const Setting = builder.objectRef<SettingRow>('Setting').implement({
  description: 'A setting of the SIP account of a selector, as stored by SIPIS.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the setting, as defined by the app.' }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'Value as stored, possibly encrypted; null if none is stored.',
    }),
  }),
})

builder.objectField(Selector, 'settings', (t) =>
  t.field({
    type: [Setting],
    nullable: true,
    extensions: {
      listSize: (_, { allowedSettings }) => allowedSettings,
      assumedSize: maxNames,
    } satisfies FieldExtensions,
    description:
      'Settings of the SIP account, sorted by name; only names that the operator allows. Requires the scope sipis:settings: ' +
      'without it this field is null with the error FORBIDDEN, and the other fields are returned.',
    args: {
      names: t.arg.stringList({
        description: `Names of the settings to return, at most ${maxNames}; null or omitted, all allowed names; an empty list, none. Names that are not allowed or not set are left out.`,
      }),
    },
    resolve: (owner, { names }, { loaders, detected, allowedSettings }) => {
      if (names != null && names.length > maxNames) {
        throw new BadInput(`settings takes at most ${maxNames} names, but ${names.length} are given.`, ['names'])
      }
      if (!detected.hasSettings) {
        throw codedError(
          'FORBIDDEN',
          'The gateway is not permitted to read the table data. The operator can allow it with GRANT SELECT ON data.',
        )
      }
      return loaders.settings.ofNames(
        owner,
        names == null ? allowedSettings : allowedSettings.filter((one) => names.includes(one)),
      )
    },
  }),
)
