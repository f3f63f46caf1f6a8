import type { MissedReason } from './projection.ts'

/** The values of sipcalls.missedreason: why a call did not reach the user. */
export const reasonWords: Readonly<Record<Exclude<MissedReason, 'UNKNOWN'>, string>> = {
  MISSED: 'Missed',
  ANSWERED_ELSEWHERE: 'AnsweredElsewhere',
  REJECTED_BY_DND: 'RejectedByDnd',
}

export function reasonOf(word: string | null): MissedReason | null {
  switch (word) {
    case null:
      return null
    case reasonWords.MISSED:
      return 'MISSED'
    case reasonWords.ANSWERED_ELSEWHERE:
      return 'ANSWERED_ELSEWHERE'
    case reasonWords.REJECTED_BY_DND:
      return 'REJECTED_BY_DND'
    default:
      return 'UNKNOWN'
  }
}
