/** Selects a sample by hash, so that equal seeds yield equal samples. */
export function sample(all: readonly string[], size: number, seed: number): readonly string[] {
  const rank = (key: string) => {
    let hash = seed
    for (const character of key) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
  }
  return all.toSorted((a, b) => rank(a) - rank(b)).slice(0, size)
}
