import { Problem } from '../../errors/problem.ts'

/** White space as in C. A no-break space is part of a value. */
const blank = String.raw`[ \t\n\v\f\r]`
const assignment = new RegExp(String.raw`${blank}*([^= \t\n\v\f\r]*)${blank}*=${blank}*`, 'y')
const end = new RegExp(`${blank}*$`, 'y')
/** A quote opens only at the beginning of a value. The next keyword may follow the closing quote directly. */
const quoted = /'((?:[^'\\]|\\.)*)'/sy
const plain = /(?:[^\\ \t\n\v\f\r]|\\.|\\$)*/sy

/** The parameters of `keyword=value keyword='value with blanks'` as libpq reads them, in their order. */
export function keywordValues(text: string, where: string): [string, string][] {
  return keywordPlaces(text, where).map(({ keyword, value }) => [keyword, value])
}

export interface KeywordPlace {
  readonly keyword: string
  readonly value: string
  /** The value with its quotes is the text from `start` to `end`. */
  readonly start: number
  readonly end: number
}

/** The same, with their places in the text. */
export function keywordPlaces(text: string, where: string): KeywordPlace[] {
  const found: KeywordPlace[] = []
  let place = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = place
    const match = pattern.exec(text)
    if (match !== null) place = pattern.lastIndex
    return match
  }
  while (take(end) === null) {
    const keyword = take(assignment)?.[1]
    if (keyword === undefined) {
      throw new Problem(
        `${where} is not of the form keyword=value keyword='value with blanks': a word has no = behind it. Check its quotes.`,
      )
    }
    const start = place
    const value = text[place] === "'" ? take(quoted)?.[1] : take(plain)?.[0]
    if (value === undefined) {
      throw new Problem(
        `${where} has a value whose quote is not closed. Add the ' at its end; a ' inside is written \\'.`,
      )
    }
    found.push({ keyword, value: value.replaceAll(/\\(.?)/gs, '$1'), start, end: place })
  }
  return found
}
