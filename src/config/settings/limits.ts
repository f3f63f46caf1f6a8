import { callerLimit, computedNumber, wholeNumber } from '../setting-forms.ts'

/** Limits of connections, requests and documents. */
export const requestLimitSettings = {
  LIMIT_BODY_BYTES: wholeNumber({
    min: 100,
    max: 10_000_000,
    byDefault: 100_000,
    sentence: 'Bytes of a request body.',
    beyond: '413 TOO_COSTLY',
  }),
  LIMIT_CONNECTIONS: wholeNumber({
    min: 1,
    max: 100_000,
    byDefault: 1_000,
    sentence: 'Open connections.',
    beyond: 'connection closed',
  }),
  LIMIT_CONNECTIONS_PER_ADDRESS: wholeNumber({
    min: 1,
    max: 100_000,
    byDefault: 100,
    sentence: 'Open connections of one address.',
    beyond: 'connection closed',
  }),
  LIMIT_TOKENS: wholeNumber({
    min: 10,
    max: 100_000,
    byDefault: 1_000,
    sentence: 'Tokens in a document.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_DEPTH: wholeNumber({
    min: 1,
    max: 100,
    byDefault: 16,
    sentence: 'Levels of a query, with fragments expanded.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_ALIASES: wholeNumber({
    min: 0,
    max: 10_000,
    byDefault: 50,
    sentence: 'Aliases in a document.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_DIRECTIVES: wholeNumber({
    min: 0,
    max: 10_000,
    byDefault: 8,
    sentence: 'Directives in a document.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_REPEATS: wholeNumber({
    min: 1,
    max: 10_000,
    byDefault: 50,
    sentence: 'Selections of one field in one object.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_FIELDS: wholeNumber({
    min: 10,
    max: 100_000,
    byDefault: 1_000,
    sentence: 'Fields of an operation, with fragments expanded.',
    beyond: 'TOO_COSTLY',
  }),
}

/** Limits of one operation, of one caller and of all callers together. */
export const operationLimitSettings = {
  LIMIT_COST: wholeNumber({
    min: 1,
    max: 100_000_000,
    byDefault: 50_000,
    sentence: 'Cost of an operation: values that its answer may hold, and a surcharge for counts and scans.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_RESPONSE_BYTES: wholeNumber({
    min: 10_000,
    max: 100_000_000,
    byDefault: 10_000_000,
    sentence: 'Bytes read from the database for one answer, and bytes of text in it.',
    beyond: 'TOO_COSTLY',
  }),
  LIMIT_OPERATION_MS: wholeNumber({
    min: 100,
    max: 600_000,
    byDefault: 15_000,
    sentence: 'Milliseconds that one operation may take; then its statements are cancelled.',
    beyond: 'TIMEOUT',
  }),
  LIMIT_CONCURRENT: wholeNumber({
    min: 1,
    max: 10_000,
    byDefault: 64,
    sentence: 'Operations that run at once; a quarter is kept for callers that have none running.',
    beyond: 'waits',
  }),
  LIMIT_CONCURRENT_PER_CALLER: callerLimit({
    min: 1,
    max: 10_000,
    byDefault: 32,
    sentence: 'Operations of one principal that run or wait at once.',
    beyond: '429 RATE_LIMITED with Retry-After',
  }),
  LIMIT_QUEUE: wholeNumber({
    min: 0,
    max: 10_000,
    byDefault: 128,
    sentence: 'Operations that wait for their turn.',
    beyond: '503 UNAVAILABLE with Retry-After',
  }),
  LIMIT_QUEUE_MS: wholeNumber({
    min: 0,
    max: 60_000,
    byDefault: 2_000,
    sentence: 'Milliseconds that an operation may wait for its turn.',
    beyond: '503 UNAVAILABLE with Retry-After',
  }),
  LIMIT_UNSENT_BYTES: wholeNumber({
    min: 100_000,
    max: 100_000_000_000,
    byDefault: 200_000_000,
    sentence: 'Bytes of answers that their clients have not read yet.',
    beyond: '503 UNAVAILABLE with Retry-After',
  }),
  LIMIT_UNSENT_BYTES_PER_CALLER: callerLimit({
    min: 100_000,
    max: 100_000_000_000,
    byDefault: 50_000_000,
    sentence: 'Bytes of answers that one principal has not read yet.',
    beyond: '429 RATE_LIMITED with Retry-After',
  }),
  LIMIT_SCANS: computedNumber({
    min: 1,
    max: 1_000,
    byDefault: 'half of the processors here, at most half of DATABASE_POOL_SIZE',
    sentence: 'Scans that run at once.',
    beyond: 'waits, then TIMEOUT',
  }),
  LIMIT_SCANS_PER_CALLER: computedNumber({
    min: 1,
    max: 1_000,
    byDefault: 'half of LIMIT_SCANS; none without authentication',
    sentence: 'Scans of one principal that run at once.',
    beyond: 'waits, then TIMEOUT',
  }),
}
