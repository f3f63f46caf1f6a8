import { optionalText, secret } from '../setting-forms.ts'

export const auditSettings = {
  AUDIT_LOG: optionalText({
    values: 'stderr, off or the path of a file',
    byDefault: 'stderr; off without authentication',
    sentence: 'Where each request of a principal is recorded.',
  }),
  AUDIT_KEY: secret({
    sentence: 'Key of the hashes of selectors in the audit log; without it each start generates one.',
  }),
}
