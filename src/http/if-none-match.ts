/** Whether a client has the answer with this tag. A proxy that compresses anew makes the tags weak. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  return ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) === true
}
