import { computedNumber, text } from '../setting-forms.ts'

export const instrumentSettings = {
  ACCESS_LOG: text({
    values: 'stderr, off or the path of a file',
    byDefault: 'off',
    sentence: 'Where each request is a line of JSON, without selectors, credentials and variables.',
  }),
  METRICS_PORT: computedNumber({
    min: 0,
    max: 65_535,
    byDefault: 'off',
    sentence:
      'Port on which `/metrics` needs no credential; 0 picks a free one. The port of the API has `/metrics` too, for the scope sipis:ops.',
  }),
  METRICS_HOST: text({
    values: 'an address or a name',
    byDefault: '127.0.0.1',
    sentence: 'Address of METRICS_PORT.',
  }),
}
