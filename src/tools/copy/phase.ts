/** The phases of a copy, in the words of the message about a failure. */
export const phases = {
  connecting: 'connecting',
  preparing: 'preparing',
  analysing: 'analysing',
  copying: 'copying',
  indexing: 'creating the indexes of',
  comparing: 'comparing',
  committing: 'committing',
}
export type Phase = keyof typeof phases

/** The phases that last: they are measured, and the others are not. */
export type LongPhase = Extract<Phase, 'analysing' | 'copying' | 'indexing' | 'comparing'>

/** Duration of each phase in seconds; 0 if it was skipped. */
export type Seconds = Readonly<Record<LongPhase, number>>

export const noSeconds: Seconds = { analysing: 0, copying: 0, indexing: 0, comparing: 0 }

/** What a copy is doing; kept up to date for the message of a failure. */
export interface Step {
  phase: Phase
  table: string | undefined
}

/** Notes what a copy does from now on. */
export function enter(step: Step, phase: Phase, table?: string): void {
  step.phase = phase
  step.table = table
}
