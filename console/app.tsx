import { Route, Router, Switch } from 'wouter'
import { Keys } from './keys/keys.tsx'
import { CallsPage } from './lists/calls-page.tsx'
import { PushTestsPage } from './lists/push-tests-page.tsx'
import { TokensPage } from './lists/tokens-page.tsx'
import { OverviewPage } from './overview/overview-page.tsx'
import { Header } from './parts/header.tsx'
import { Page } from './parts/page.tsx'
import { ZoneProvider } from './parts/zone.tsx'
import { SearchPage } from './search/search-page.tsx'
import { SelectorPage } from './selector/selector-page.tsx'
import { SessionGate } from './session/session.tsx'

export function App() {
  return (
    <Router base="/console">
      <SessionGate>
        <ZoneProvider>
          <Keys>
            <Header />
            <main id="content" tabIndex={-1}>
              <Routes />
            </main>
          </Keys>
        </ZoneProvider>
      </SessionGate>
    </Router>
  )
}

function Routes() {
  return (
    <Switch>
      <Route path="/">
        <OverviewPage />
      </Route>
      <Route path="/search">
        <SearchPage />
      </Route>
      <Route path="/calls">
        <CallsPage />
      </Route>
      <Route path="/push-tests">
        <PushTestsPage />
      </Route>
      <Route path="/tokens">
        <TokensPage />
      </Route>
      <Route path="/selectors/:name">{() => <SelectorRoute />}</Route>
      <Route>
        <Page title="No such page">
          <p>The console has no page at this address. The links above lead to those that it has.</p>
        </Page>
      </Route>
    </Switch>
  )
}

/** From the address itself: the router's parameters keep some characters encoded. */
function SelectorRoute() {
  const name = decoded(window.location.pathname.replace(/^.*\/selectors\//, ''))
  return <SelectorPage key={name} name={name} />
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
