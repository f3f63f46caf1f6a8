import { computedNumber, optionalText, text } from '../setting-forms.ts'

const collector = optionalText({
  values: 'an http or https address',
  sentence: 'OpenTelemetry collector that takes traces by OTLP over HTTP, such as http://127.0.0.1:4318.',
})

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
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...collector,
    schema: collector.schema.refine((text) => text === undefined || (URL.canParse(text) && /^https?:/.test(text)), {
      error: () => 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https address, such as http://127.0.0.1:4318.',
    }),
  },
}
