import { choice, text, wholeNumber } from '../setting-forms.ts'

export const serverSettings = {
  HOST: text({
    flag: '--host',
    values: 'an address or a name',
    byDefault: '127.0.0.1',
    sentence: 'Address to listen on; one beyond loopback needs authentication.',
  }),
  PORT: wholeNumber({
    flag: '--port',
    min: 0,
    max: 65_535,
    byDefault: 4000,
    sentence: 'Port to listen on; 0 picks a free one.',
  }),
  DRAIN_MS: wholeNumber({
    min: 0,
    max: 60_000,
    byDefault: 1_000,
    sentence:
      'Milliseconds that requests are still taken after SIGTERM while /ready says 503, so that a balancer notices.',
  }),
  WORKERS: wholeNumber({
    flag: '--workers',
    min: 1,
    max: 64,
    byDefault: 1,
    sentence: 'Processes that share the port, called workers.',
  }),
  SIPIS_TIME_ZONE: text({
    values: 'a name such as Europe/Prague',
    byDefault: 'UTC',
    sentence: 'Time zone of push test times, which are stored without one.',
  }),
  LOG_LEVEL: choice({
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    byDefault: 'info',
    sentence: 'Least severe log level that is written; logs are JSON lines on standard error.',
  }),
}
