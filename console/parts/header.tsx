import { Link } from 'wouter'
import { useKeys } from '../keys/keys.tsx'
import { SearchField } from '../search/search-field.tsx'
import { useSession } from '../session/session.tsx'
import { formatTime } from './format.ts'
import { useZone } from './zone.tsx'

const pages = [
  ['/', 'Overview'],
  ['/calls', 'Calls'],
  ['/push-tests', 'Push tests'],
  ['/tokens', 'Tokens'],
] as const

export function Header() {
  const { name, signOut } = useSession()
  const zone = useZone()
  const { openHelp } = useKeys()
  return (
    <header>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Link href="/" className="brand">
        SIPIS
      </Link>
      <SearchField />
      <nav aria-label="Pages">
        {pages.map(([href, title]) => (
          <Link key={href} href={href} className={(isActive) => (isActive ? 'active' : '')}>
            {title}
          </Link>
        ))}
      </nav>
      <div className="tools">
        <button
          type="button"
          onClick={zone.toggle}
          title={`Now: ${formatTime(new Date(zone.now).toISOString(), zone.name)}`}
        >
          {zone.name}
        </button>
        <span className="quiet who">{name}</span>
        {signOut !== undefined && (
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        )}
        <button type="button" onClick={openHelp} aria-label="Help and keys">
          ?
        </button>
      </div>
    </header>
  )
}
