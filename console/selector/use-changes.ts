import { useEffect, useRef, useState } from 'react'
import { useSession } from '../session/session.tsx'
import { followChanges } from './changes.ts'

export type LiveState = 'live' | 'connecting' | 'off' | 'unsupported'

/**
 * Calls `onNews` when something of the selector was stored or deleted. A hidden tab keeps no stream open, because a caller may have few.
 *
 * @param selector undefined as long as there is nothing to follow
 */
export function useChanges(selector: string | undefined, onNews: () => void): LiveState {
  const { credential } = useSession()
  const [state, setState] = useState<LiveState>('connecting')
  const isVisible = useVisible()
  const news = useRef(onNews)
  news.current = onNews
  const token = useRef<string>(undefined)
  useEffect(() => {
    if (selector === undefined || !isVisible) return
    const ending = new AbortController()
    const given = { selector, since: token.current, credential, signal: ending.signal }
    void followChanges(given, {
      onState: (next) => !ending.signal.aborted && setState(next),
      onToken(next, hasNews) {
        token.current = next
        if (hasNews) news.current()
      },
    })
    return () => {
      ending.abort()
      setState('off')
    }
  }, [selector, credential, isVisible])
  return state
}

function useVisible(): boolean {
  const [isVisible, setIsVisible] = useState(() => !document.hidden)
  useEffect(() => {
    const look = () => setIsVisible(!document.hidden)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return isVisible
}
