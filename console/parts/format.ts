/** Texts of times and numbers. By a fixed locale: browsers report locales that Intl refuses, such as en-US@posix. */

const locale = 'en-GB'
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The clamps of DateTime, which stand for infinity. */
const latest = '9999-12-31T23:59:59.999999Z'
const earliest = '0001-01-01T00:00:00.000000Z'

export function ageOf(time: string, now: number): string {
  if (time === latest || time === earliest) return 'no date'
  const ms = now - Date.parse(time)
  const text = spanOf(Math.abs(ms))
  if (Math.abs(ms) < 5_000) return 'just now'
  return ms >= 0 ? `${text} ago` : `in ${text}`
}

export function spanOf(ms: number): string {
  if (ms < minute) return `${Math.round(ms / 1_000)} s`
  if (ms < hour) return `${Math.round(ms / minute)} min`
  if (ms < 2 * day) return `${Math.round(ms / hour)} h`
  if (ms < 730 * day) return `${Math.round(ms / day)} d`
  return `${Math.round(ms / (365.25 * day))} years`
}

/** A latency: 1.2 s, 320 ms. */
export function latencyOf(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < minute) return `${(ms / 1_000).toFixed(1)} s`
  return spanOf(ms)
}

/** 2026-11-22 06:24:17 in the zone. */
export function formatTime(time: string, timeZone: string): string {
  if (time === latest) return 'infinity'
  if (time === earliest) return '-infinity'
  const { year, month, day: date, hour: hours, minute: minutes, second } = partsOf(time, timeZone)
  return `${year}-${month}-${date} ${hours}:${minutes}:${second}`
}

/** 11-22, or 11-22 06:00. */
export function formatBucket(time: string, timeZone: string, isHour: boolean): string {
  const { month, day: date, hour: hours, minute: minutes } = partsOf(time, timeZone)
  return isHour ? `${month}-${date} ${hours}:${minutes}` : `${month}-${date}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function partsOf(time: string, timeZone: string): Record<string, string> {
  const format = formats.get(timeZone) ?? newFormat(timeZone)
  formats.set(timeZone, format)
  return Object.fromEntries(format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]))
}

function newFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
}

/** The zone of this browser. */
export function localZone(): string {
  return new Intl.DateTimeFormat(locale).resolvedOptions().timeZone
}

export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

export function formatCount(count: number): string {
  return count.toLocaleString(locale).replaceAll(',', '\u202f')
}

/**
 * Rounded down, so that 100 % are all, and a rate below a limit is written as below it.
 *
 * @param rate 0 to 1
 */
export function percent(rate: number): string {
  return `${Math.floor(rate * 100 + 1e-9)} %`
}
