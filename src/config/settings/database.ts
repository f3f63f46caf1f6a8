import { computedNumber, optionalText, toggle, wholeNumber } from '../setting-forms.ts'

export const databaseSettings = {
  DATABASE_URL: optionalText({
    flag: '--database-url',
    values: 'a postgres:// URL or a libpq string',
    byDefault: 'the embedded demo',
    sentence: 'Database to serve.',
  }),
  DATABASE_POOL_SIZE: wholeNumber({
    min: 1,
    max: 100,
    byDefault: 10,
    sentence: 'Connections for lists and scans; look-ups and `/health` use up to seven more.',
  }),
  DATABASE_CONNECT_TIMEOUT_MS: wholeNumber({
    min: 100,
    max: 60_000,
    byDefault: 5_000,
    sentence: 'Milliseconds that a request waits for a connection.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: wholeNumber({
    min: 100,
    max: 600_000,
    byDefault: 10_000,
    sentence: 'Milliseconds that a statement may run.',
    beyond: 'TIMEOUT',
  }),
  DATABASE_LOOKUP_TIMEOUT_MS: wholeNumber({
    min: 100,
    max: 60_000,
    byDefault: 2_000,
    sentence: 'Milliseconds that a look-up by an index may take, from when it is sent to the database.',
  }),
  DATABASE_MAX_REPLICATION_LAG: computedNumber({
    min: 1,
    max: 86_400,
    byDefault: 'no bound',
    sentence: 'Seconds that a standby may be behind its primary; beyond that `/ready` answers 503.',
  }),
  DATABASE_PREPARED_STATEMENTS: toggle({
    byDefault: true,
    sentence:
      'Whether look-ups use prepared statements. Behind a pooler such as PgBouncer, which the gateway notices by itself, it uses none.',
  }),
}
