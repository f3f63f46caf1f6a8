/**
 * Matches UTF-8 with PostgreSQL regular expressions in an SQL_ASCII database, where a character is a byte. Plain literals suffice,
 * because the regular expressions support `\xhh`.
 */
const tail = '[\\x80-\\xbf]'
const wellFormed =
  `[\\x01-\\x7f]|[\\xc2-\\xdf]${tail}|\\xe0[\\xa0-\\xbf]${tail}|[\\xe1-\\xec\\xee\\xef]${tail}{2}|\\xed[\\x80-\\x9f]${tail}` +
  `|\\xf0[\\x90-\\xbf]${tail}{2}|[\\xf1-\\xf3]${tail}{3}|\\xf4[\\x80-\\x8f]${tail}{2}`

/** What a decoder replaces with one U+FFFD: the longest valid prefix of a character, or a byte that cannot start one. */
const illFormed =
  `\\xe0[\\xa0-\\xbf]|[\\xe1-\\xec\\xee\\xef]${tail}|\\xed[\\x80-\\x9f]|\\xf0[\\x90-\\xbf]${tail}?` +
  `|[\\xf1-\\xf3]${tail}{1,2}|\\xf4[\\x80-\\x8f]${tail}?|[\\x80-\\xff]`

/** SQL that is true if the text is not well-formed UTF-8, and null if the text is null. */
export function isNotUtf8(expression: string): string {
  return `${expression} !~ '^(?:${wellFormed})*$'`
}

/** SQL that replaces each ill-formed part of the text with U+FFFD, like a decoder. */
export function replaceIllFormed(expression: string): string {
  return `CASE WHEN ${isNotUtf8(expression)} THEN (
    SELECT string_agg(coalesce(part.found[1], E'\\xef\\xbf\\xbd'), '' ORDER BY part.n)
    FROM regexp_matches(${expression}, '((?:${wellFormed})+)|(?:${illFormed})', 'g') WITH ORDINALITY AS part(found, n)
  ) ELSE ${expression} END`
}

/** SQL that decodes an ill-formed text as Latin-1. */
export function readAsLatin1(expression: string): string {
  return `CASE WHEN ${isNotUtf8(expression)}
    THEN convert_from(convert(convert_to(${expression}, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII')
    ELSE ${expression} END`
}
