/** Converts between RFC 3339 in UTC with microseconds and PostgreSQL's output with DateStyle ISO and TimeZone UTC. */
import { BadInput } from '../loaders/bad-input.ts'

const earliest = '0001-01-01T00:00:00.000000Z'
const latest = '9999-12-31T23:59:59.999999Z'

const printed = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00)?( BC)?$/

/** The common form: UTC, four-digit year, not BC. Skips the regular expression. */
const isOrdinary = (text: string) => text[10] === ' ' && text.endsWith('+00')
/** Length with all six fraction digits, the most common form. Its text needs fewer slices. */
const withMicroseconds = '2026-11-22 06:24:17.701827+00'.length

/**
 * Formats a timestamp as RFC 3339. Timestamps outside the years 1 to 9999, and infinity, become the earliest or latest value.
 *
 * @param text as PostgreSQL prints it
 */
export function formatInstant(text: string): string {
  if (isOrdinary(text) && text.length === withMicroseconds) return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
  if (isOrdinary(text)) return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(6, '0')}Z`
  if (text === 'infinity') return latest
  if (text === '-infinity') return earliest
  const [, year = '', month, day, time, fraction = '', era] = printed.exec(text) ?? unreadable(text)
  if (era !== undefined) return earliest
  if (year.length > 4) return latest
  return `${year}-${month}-${day}T${time}.${fraction.padEnd(6, '0')}Z`
}

function unreadable(text: string): never {
  throw new Error(`PostgreSQL returned a timestamp of ${text.length} characters in an unknown format.`)
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/

/**
 * Validates an RFC 3339 date and time and converts it to PostgreSQL's input format. Digits beyond microseconds are truncated.
 *
 * @throws BadInput if it is not a valid date and time of the years 1 to 9999
 */
export function parseInstant(text: string): string {
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', offset = ''] =
    rfc3339.exec(text) ?? invalid(text)
  const isDay = Number(day) >= 1 && Number(day) <= daysIn(Number(year), Number(month))
  const isTime = Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 60
  const zone = offset.toUpperCase() === 'Z' ? '+00:00' : offset
  const isZone = Number(zone.slice(1, 3)) <= 15 && Number(zone.slice(4)) <= 59
  if (year === '0000' || !isDay || !isTime || !isZone) throw invalid(text)
  return `${year}-${month}-${day} ${hour}:${minute}:${second}.${fraction.slice(0, 6).padEnd(6, '0')}${zone}`
}

function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

function invalid(text: string): never {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  throw new BadInput(
    `"${shown}" is not an RFC 3339 date and time of the years 0001 to 9999. Example: 2026-11-22T06:24:17.701827Z.`,
  )
}

/**
 * Milliseconds between two timestamps, with microsecond precision.
 *
 * @returns null if one of them is infinite or outside the years 1 to 9999
 */
export function millisecondsBetween(from: string, to: string): number | null {
  const start = formatInstant(from)
  const end = formatInstant(to)
  if ([start, end].some((instant) => instant === earliest || instant === latest)) return null
  const seconds = Date.parse(`${end.slice(0, 19)}Z`) - Date.parse(`${start.slice(0, 19)}Z`)
  const microseconds = Number(end.slice(20, 26)) - Number(start.slice(20, 26))
  // A single division of an integer avoids rounding errors in the last digit.
  return (seconds * 1000 + microseconds) / 1000
}

/** Milliseconds from one result of `parseInstant` to another, with microsecond precision; below zero if the second is earlier. */
export function spanMs(from: string, to: string): number {
  const minutes = minuteOf(to) - minuteOf(from)
  return (minutes * 1000 + microsecondsIn(to) - microsecondsIn(from)) / 1000
}

function minuteOf(parsed: string): number {
  return Date.parse(`${parsed.slice(0, 10)}T${parsed.slice(11, 16)}:00${parsed.slice(-6)}`)
}

/** Of the minute. Its seconds may be 60, which Date does not parse. */
function microsecondsIn(parsed: string): number {
  return Number(parsed.slice(17, 19)) * 1_000_000 + Number(parsed.slice(20, 26))
}
