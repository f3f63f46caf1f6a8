/** A fetch that counts its requests. */
export function countedFetch(): { readonly fetch: typeof fetch; count(): number } {
  let requests = 0
  return {
    fetch: (...given) => {
      requests++
      return fetch(...given)
    },
    count: () => requests,
  }
}
