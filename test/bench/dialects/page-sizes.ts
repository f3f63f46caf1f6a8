/** Page sizes of the queries. */
export const pageSizes = {
  history: 20,
  list: 20,
  listCalls: 10,
  listMessages: 5,
  listPushTests: 3,
  missed: 4,
  caller: 100,
  page: 20,
} as const
