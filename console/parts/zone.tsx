import type { ReactNode } from 'react'
import { createContext, useContext, useEffect, useMemo, useState } from 'react'
import { ageOf, formatTime, localZone } from './format.ts'

interface Zone {
  readonly name: string
  readonly toggle: () => void
  readonly now: number
}

const ZoneContext = createContext<Zone>({ name: 'UTC', toggle: () => undefined, now: 0 })

export const useZone = () => useContext(ZoneContext)

/** The zone of all times of the page, and the time that ages count from. */
export function ZoneProvider({ children }: { children: ReactNode }) {
  const [isUtc, setIsUtc] = useState(false)
  const now = useNow(15_000)
  const name = isUtc ? 'UTC' : localZone()
  const zone = useMemo(() => ({ name, now, toggle: () => setIsUtc((was) => !was) }), [name, now])
  return <ZoneContext value={zone}>{children}</ZoneContext>
}

function useNow(ms: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms)
    return () => clearInterval(timer)
  }, [ms])
  return now
}

/** A time in the zone of the page, with its age. */
export function Time({ time, ageOnly = false }: { time: string; ageOnly?: boolean }) {
  const { name, now } = useZone()
  const exact = formatTime(time, name)
  const age = ageOf(time, now)
  return (
    <time dateTime={time} title={ageOnly ? `${exact} ${name}` : `${age}, ${name}`}>
      {ageOnly ? age : exact}
    </time>
  )
}
