import type { FormEvent } from 'react'
import { useEffect, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { isWholeSelector } from './kinds.ts'

/** The one field that finds everything. A whole selector opens at once. */
export function SearchField() {
  const [location, navigate] = useLocation()
  const [parameters] = useSearchParams()
  const asked = location === '/search' ? (parameters.get('q') ?? '') : ''
  const [text, setText] = useState(asked)
  useEffect(() => setText(asked), [asked])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const wanted = text.trim()
    if (wanted === '') return
    navigate(isWholeSelector(wanted) ? selectorPath(wanted) : `/search?q=${encodeURIComponent(wanted)}`)
  }
  return (
    <search>
      <form onSubmit={submit}>
        <label className="hidden" htmlFor="search">
          Search for a user, number, selector, suffix, caller or Call-ID
        </label>
        <input
          id="search"
          type="search"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="User, number, selector, suffix, caller, Call-ID   /"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
      </form>
    </search>
  )
}

export function selectorPath(name: string): string {
  return `/selectors/${encodeURIComponent(name).replaceAll('%3A', ':')}`
}
