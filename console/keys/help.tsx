import type { RefObject } from 'react'

interface Props {
  readonly dialog: RefObject<HTMLDialogElement | null>
  readonly isOn: boolean
  readonly setOn: (isOn: boolean) => void
}

const keys = [
  ['/', 'to the search field'],
  ['j', 'to the next row'],
  ['k', 'to the row before'],
  ['Enter', 'opens the row'],
  ['?', 'this help'],
  ['Esc', 'closes it'],
] as const

export function Help({ dialog, isOn, setOn }: Props) {
  return (
    <dialog ref={dialog} aria-labelledby="help-title">
      <h2 id="help-title">Help</h2>
      <p>
        The search field takes the user of an account, a selector or its first characters, the suffix of an
        installation, a number or user of a caller, a Call-ID, or the fingerprint of a token.
      </p>
      <dl className="keys">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p>
        <label>
          <input type="checkbox" checked={isOn} onChange={({ target }) => setOn(target.checked)} /> Keys without Ctrl
          are on
        </label>
      </p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  )
}
