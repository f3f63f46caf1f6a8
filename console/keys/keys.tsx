import type { ReactNode } from 'react'
import { createContext, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { Help } from './help.tsx'

interface KeysState {
  readonly isOn: boolean
  readonly setOn: (isOn: boolean) => void
  readonly openHelp: () => void
}

const KeysContext = createContext<KeysState>({ isOn: true, setOn: () => undefined, openHelp: () => undefined })

export const useKeys = () => useContext(KeysContext)

/** Single keys disturb users who dictate, so they can be switched off. This is no secret, so the browser keeps it. */
const stored = 'sipis-console-keys'

/** Keys that work on every page. */
export function Keys({ children }: { children: ReactNode }) {
  const [isOn, setIsOn] = useState(() => read() !== 'off')
  const help = useRef<HTMLDialogElement>(null)
  const state = useMemo(
    () => ({
      isOn,
      setOn(next: boolean) {
        setIsOn(next)
        write(next ? 'on' : 'off')
      },
      openHelp: () => help.current?.showModal(),
    }),
    [isOn],
  )
  useEffect(() => {
    if (!isOn) return
    const onKey = (event: KeyboardEvent) => {
      if (isTyped(event) || help.current?.open === true) return
      if (act(event.key, state.openHelp)) event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [isOn, state])
  return (
    <KeysContext value={state}>
      {children}
      <Help dialog={help} isOn={isOn} setOn={state.setOn} />
    </KeysContext>
  )
}

/** @returns whether the key means something */
function act(key: string, openHelp: () => void): boolean {
  switch (key) {
    case '/':
      document.querySelector<HTMLInputElement>('#search')?.select()
      return true
    case 'j':
      return move(1)
    case 'k':
      return move(-1)
    case '?':
      openHelp()
      return true
    default:
      return false
  }
}

/** Moves the focus along the rows that lead somewhere; Enter follows the link itself. */
function move(by: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const row = rows[at === -1 ? (by > 0 ? 0 : rows.length - 1) : at + by]
  const target = row?.matches('a, button') ? row : row?.querySelector<HTMLElement>('a, button')
  target?.focus()
  target?.scrollIntoView({ block: 'nearest' })
  return target != null
}

function isTyped({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true
  return target instanceof Element && target.matches('input, select, textarea')
}

/** Storage may be forbidden. */
function read(): string | null {
  try {
    return localStorage.getItem(stored)
  } catch {
    return null
  }
}

function write(value: string): void {
  try {
    localStorage.setItem(stored, value)
  } catch {
    // It then holds for this page.
  }
}
