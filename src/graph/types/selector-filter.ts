import { Forbidden } from '../../auth/forbidden.ts'
import { has } from '../../auth/principal.ts'
import { codedError } from '../../errors/coded-error.ts'
import { BadInput } from '../../loaders/bad-input.ts'
import { hasFingerprint } from '../../loaders/filters.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'

const maxSettings = 10

const SettingFilter = builder.inputType('SettingFilter', {
  description: 'A setting of the SIP account.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Name of the setting, one that the operator allows. Any other name is BAD_USER_INPUT.',
    }),
    value: t.string({ required: true, description: 'Value as stored; exact match, case-sensitive.' }),
  }),
})

const CallerFilter = builder.inputType('CallerFilter', {
  description:
    'A caller since a time. An omitted or null condition on the address matches every caller; an empty text matches callers without ' +
    'that part.',
  fields: (t) => ({
    username: t.string({ description: 'User part; exact match, case-sensitive, e.g. +420601234567.' }),
    usernameEndsWith: t.string({
      description: 'End of the user part, case-sensitive, e.g. 601234567. An empty text matches every caller.',
    }),
    domain: t.string({ description: 'Host part, complete, in upper or lower case, e.g. sip.example.com.' }),
    since: t.field({ type: 'DateTime', required: true, description: 'Called at or after this time.' }),
  }),
})

export const SelectorFilter = builder.inputType('SelectorFilter', {
  description: 'Conditions that selectors must all meet. An omitted or null condition matches every selector.',
  fields: (t) => ({
    prefix: t.string({
      description:
        'Start of the selector string, case-sensitive. The first 40 characters select all installations of one account, e.g. ' +
        '12869E0E6E553673C54F29105A0647204C416A2A. Blanks around it are ignored, and hexadecimal digits match in upper case as well.',
    }),
    suffix: t.string({
      description:
        'Part after the first 40 characters, with or without the colon; exact match, e.g. 7C3A0D14 or :7C3A0D14.',
    }),
    appId: t.string({ description: 'Has a push token of this app; exact match, e.g. com.example.phone.' }),
    lastSeenSince: t.field({ type: 'DateTime', description: 'Last seen at or after this time.' }),
    lastSeenUntil: t.field({ type: 'DateTime', description: 'Last seen before this time.' }),
    settings: t.field({
      type: [SettingFilter],
      description:
        `Has all of these settings, at most ${maxSettings}; the newest entry of a name counts. An empty list matches no selector. ` +
        'FORBIDDEN without the scope sipis:settings.',
    }),
    installationsOf: t.string({
      description:
        'Another installation of the account of the selector with this name: the same first 40 characters. The selector itself does not ' +
        'match, and need not exist. Blanks around it are ignored.',
    }),
    server: t.string({
      description:
        'The SIPIS process that runs the instance, as in `Selector.server`; exact match. NOT_SUPPORTED if the gateway is not permitted ' +
        'to read it.',
    }),
    hasToken: t.boolean({ description: 'true: has a push token. false: has none. null: both.' }),
    tokenFingerprint: t.string({
      description:
        'Has a push token with this `fingerprint`, 16 hexadecimal digits in upper or lower case, or all 64 digits of its SHA-256. Anything ' +
        'else is BAD_USER_INPUT.',
    }),
    unansweredPushTests: t.int({
      description:
        'Has at least so many push tests, 1 or more, that were not answered and started after the last answered one. The answer of a ' +
        'recent one may be on its way.',
    }),
    calledBy: t.field({ type: CallerFilter, description: 'Was called from such an address.' }),
  }),
})

type Given = typeof SelectorFilter.$inferInput

/**
 * Checks what a caller may ask for. A condition on a setting tells whether a value is right, so names that are not allowed are refused,
 * whether or not they exist: else they would be an oracle on passwords.
 *
 * @throws Forbidden without the scope of settings
 * @throws BadInput for a name that is not allowed, and for values out of their range
 */
export function checkedFilter(given: Given | null | undefined, context: Context): Given {
  const { settings, server, tokenFingerprint, unansweredPushTests } = given ?? {}
  if (settings != null) checkSettings(settings, context)
  hasFingerprint(context.loaders.projection.tokens, tokenFingerprint, 'tokenFingerprint')
  if (unansweredPushTests != null && unansweredPushTests < 1) {
    throw new BadInput(`filter.unansweredPushTests is ${unansweredPushTests}; it must be at least 1.`, [
      'filter',
      'unansweredPushTests',
    ])
  }
  if (server != null && !context.detected.hasServers) {
    throw codedError(
      'NOT_SUPPORTED',
      'The gateway is not permitted to read which server runs an instance. The operator can allow it: see "sipis-gateway check".',
    )
  }
  return given ?? {}
}

function checkSettings(settings: readonly { readonly name: string }[], context: Context): void {
  const { principal, detected, allowedSettings } = context
  if (!has(principal, 'sipis:settings')) throw new Forbidden('SelectorFilter.settings', ['sipis:settings'])
  if (settings.length > maxSettings) {
    throw new BadInput(`filter.settings takes at most ${maxSettings} settings, but ${settings.length} are given.`, [
      'filter',
      'settings',
    ])
  }
  for (const [index, { name }] of settings.entries()) {
    if (allowedSettings.includes(name)) continue
    throw new BadInput(`filter.settings[${index}] is not a setting that the operator allows.`, [
      'filter',
      'settings',
      index,
      'name',
    ])
  }
  if (!detected.hasSettings) {
    throw codedError(
      'FORBIDDEN',
      'The gateway is not permitted to read the table data. The operator can allow it with GRANT SELECT ON data.',
    )
  }
}
