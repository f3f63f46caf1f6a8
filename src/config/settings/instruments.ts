import { computedNumber, text } from '../setting-forms.ts'

export const instrumentSettings = {
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
