/** Every setting of the gateway. The parser, --help and the tables of the documents are made from this list. */
import type { z } from 'zod'
import type { SettingGroup } from './setting.ts'
import { schemaOf } from './setting.ts'
import { auditSettings } from './settings/audit.ts'
import { authenticationSettings } from './settings/authentication.ts'
import { changesSettings } from './settings/changes.ts'
import { databaseSettings } from './settings/database.ts'
import { exposureSettings } from './settings/exposure.ts'
import { instrumentSettings } from './settings/instruments.ts'
import { operationLimitSettings, requestLimitSettings } from './settings/limits.ts'
import { rateLimitSettings } from './settings/rate-limits.ts'
import { serverSettings } from './settings/server.ts'

export const settingGroups = [
  { title: 'Server', settings: serverSettings },
  { title: 'Database', settings: databaseSettings },
  { title: 'Authentication', settings: authenticationSettings },
  { title: 'Exposure', settings: exposureSettings },
  { title: 'Audit', settings: auditSettings },
  { title: 'Changes', settings: changesSettings },
  { title: 'Instruments', settings: instrumentSettings },
  { title: 'Limits of a request', settings: requestLimitSettings },
  { title: 'Limits of operations', settings: operationLimitSettings },
  { title: 'Rate limits', settings: rateLimitSettings },
] as const satisfies readonly { readonly title: string; readonly settings: SettingGroup }[]

/** A spread keeps the types of all groups; a test compares it with the list above. */
export const settingsSchema = schemaOf({
  ...serverSettings,
  ...databaseSettings,
  ...authenticationSettings,
  ...exposureSettings,
  ...auditSettings,
  ...changesSettings,
  ...instrumentSettings,
  ...requestLimitSettings,
  ...operationLimitSettings,
  ...rateLimitSettings,
})

export type Settings = z.infer<typeof settingsSchema>

export const settingNames: readonly string[] = Object.keys(settingsSchema.shape)
