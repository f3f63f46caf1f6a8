import { computedNumber, list, optionalText, toggle, wholeNumber } from '../setting-forms.ts'

export const databaseSettings = {
  DATABASE_URL: optionalText({
    flag: '--database-url',
    values: 'a postgres:// URL or a libpq string',
    byDefault: 'the embedded demo',
    sentence: 'Database to serve.',
  }),
  DATABASE_REPLICA_URLS: list({
    values: 'URLs or libpq strings between commas',
    byDefault: [],
    sentence:
      'Hot standbys of the database. Queries read from them; a standby that is away or too far behind is passed over.',
    check: () => undefined,
  }),
  DATABASE_POOL_SIZE: wholeNumber({
    min: 1,
    max: 100,
    byDefault: 10,
    sentence:
      'Connections for lists and scans, which workers share; look-ups and `/health` use up to seven more in each.',
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
    byDefault: 'no bound; a minute for DATABASE_REPLICA_URLS',
    sentence:
      'Seconds that a standby may be behind its primary. Beyond that `/ready` answers 503, and a replica is passed over.',
  }),
  DATABASE_PREPARED_STATEMENTS: toggle({
    byDefault: true,
    sentence:
      'Whether look-ups use prepared statements. Behind a pooler such as PgBouncer, which the gateway notices by itself, it uses none.',
  }),
}
