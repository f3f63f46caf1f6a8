/** Texts that callers have chosen: display names, users, domains, Call-IDs. */

/**
 * Characters that change what a reader sees and are not seen themselves. Not the joiners, which Persian and Sinhala names and emoji need,
 * and which move nothing.
 */
const invisible = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0]/u
const pieces = new RegExp(`(${invisible.source})`, 'u')

/** Isolates the direction of the text, and shows its invisible characters by their code points. */
export function Foreign({ text }: { text: string }) {
  if (!invisible.test(text)) return <bdi className="foreign">{text}</bdi>
  return (
    <bdi className="foreign">
      {text.split(pieces).map((piece, place) =>
        invisible.test(piece) ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text stay in their places.
          <span key={place} className="control">
            {nameOf(piece)}
          </span>
        ) : (
          piece
        ),
      )}
    </bdi>
  )
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

export interface Address {
  readonly displayName: string | null
  readonly uri: string | null
}

export function AddressText({ address: { displayName, uri } }: { address: Address }) {
  if (displayName === null && uri === null) return <span className="quiet">anonymous</span>
  return (
    <>
      {displayName !== null && <Foreign text={displayName} />} {uri !== null && <Uri uri={uri} />}
    </>
  )
}

function Uri({ uri }: { uri: string }) {
  return (
    <span className="quiet">
      <Foreign text={uri} />
    </span>
  )
}
