/** What is shown, to which pages, through which proxies, and what is written down of it. */
import proxyAddr from 'proxy-addr'
import { z } from 'zod'
import { isPasswordLike } from './password-like.ts'
import { flag, list } from './values.ts'

/** Names of an account that say how it is shown and reached; nothing of how it logs in. */
const harmlessSettings = 'title,username,userDisplayName,host,transport,userCallerId'

const maxSettings = 50

export const exposureSettings = {
  SETTINGS_ALLOW: list()
    .superRefine((names, context) => {
      const refused = names.filter(isPasswordLike)
      if (refused.length > 0) {
        context.addIssue(
          `Refused (password-like-setting): SETTINGS_ALLOW has ${refused.join(', ')}; a name that could be a password or a part of a credential is never shown. Remove it.`,
        )
      }
      if (names.length > maxSettings || names.some((name) => name.length > 64)) {
        context.addIssue(`SETTINGS_ALLOW takes at most ${maxSettings} names of at most 64 characters.`)
      }
    })
    .prefault(harmlessSettings),
  CORS_ORIGINS: list()
    .superRefine((origins, context) => {
      const bad = origins.filter((origin) => !isOrigin(origin))
      if (bad.length > 0)
        context.addIssue(
          `CORS_ORIGINS has ${bad.join(', ')}; list origins like https://app.example.com, without a path.`,
        )
    })
    .prefault(''),
  TRUST_PROXY: list()
    .superRefine((proxies, context) => {
      try {
        proxyAddr.compile(proxies)
      } catch {
        context.addIssue(
          `TRUST_PROXY is "${proxies.join(',')}"; list addresses and networks of your proxies, like 10.0.0.5, 10.1.0.0/16 or loopback.`,
        )
      }
    })
    .prefault(''),
  TRUSTED_DOCUMENTS: z.string().optional(),
  TRUSTED_ONLY: flag('TRUSTED_ONLY', false),
  AUDIT_LOG: z.string().optional(),
  AUDIT_KEY: z
    .string()
    .min(16, { error: () => 'AUDIT_KEY must have at least 16 characters: openssl rand -hex 32 makes a good one.' })
    .optional(),
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text
}
