import { callerLimit, optionalText, secret } from '../setting-forms.ts'

const mostPerMinute = 2_000_000_000

export const rateLimitSettings = {
  RATE_LIMIT_COST: callerLimit({
    min: 1,
    max: mostPerMinute,
    byDefault: 600_000,
    sentence: 'Cost that one principal may use in a minute. Without a shared store each worker grants its share.',
    beyond: '429 RATE_LIMITED with Retry-After',
  }),
  RATE_LIMIT_REQUESTS: callerLimit({
    min: 1,
    max: mostPerMinute,
    byDefault: 60_000,
    sentence:
      'Requests that one address may send in a minute, with or without a credential. Without a shared store each worker grants its share.',
    beyond: '429 RATE_LIMITED with Retry-After',
  }),
  RATE_LIMIT_STORE_URL: optionalText({
    values: 'a postgres:// or redis:// URL',
    sentence:
      "Store in which several gateways, and the workers of one, share their counts; never SIPIS's own database.",
  }),
  RATE_LIMIT_SECRET: secret({
    sentence: 'Key of the hashes in the shared counts, the same for all these gateways.',
  }),
}
