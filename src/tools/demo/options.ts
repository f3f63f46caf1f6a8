export interface DataSetOptions {
  readonly selectors: number
  /** Rows for each selector. */
  readonly calls: number
  readonly messages: number
  readonly pushTests: number
  /** Push tokens of an iOS installation; an Android installation has at most one. */
  readonly tokens: number
  readonly randomSeed: number
  /** Whether there are settings of accounts, and names of servers. */
  readonly accounts?: boolean
}

export const defaultDataSet: Omit<DataSetOptions, 'selectors'> = {
  calls: 30,
  messages: 5,
  pushTests: 3,
  tokens: 2,
  randomSeed: 1,
}
