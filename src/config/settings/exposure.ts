import proxyAddr from 'proxy-addr'
import { isPasswordLike } from '../password-like.ts'
import { list, optionalText, toggle } from '../setting-forms.ts'

const maxSettings = 50
const maxSettingName = 64
const maxProcesses = 64

export const exposureSettings = {
  SETTINGS_ALLOW: list({
    values: `at most ${maxSettings} names between commas`,
    // What identifies an account and how it is reached, but nothing that it logs in with.
    byDefault: ['title', 'username', 'userDisplayName', 'host', 'transport', 'userCallerId'],
    sentence:
      'Settings that `Selector.settings` may show; a name with a word like pin, pw, auth, key or token is refused.',
    check: (names, addProblem) => {
      const refused = names.filter(isPasswordLike)
      if (refused.length > 0) {
        addProblem(
          `Refused (password-like-setting): SETTINGS_ALLOW has ${refused.join(', ')}; a name that could be a password or a part of a credential is never shown. Remove it.`,
        )
      }
      if (names.length > maxSettings || names.some((name) => name.length > maxSettingName)) {
        addProblem(`SETTINGS_ALLOW takes at most ${maxSettings} names of at most ${maxSettingName} characters.`)
      }
    },
  }),
  SIPIS_HTTP_URLS: list({
    values: 'http addresses between commas',
    byDefault: [],
    sentence:
      'HTTP servers of the SIPIS processes, such as http://127.0.0.1:5000, which say how many instances are registered. With --settings, those of the files on this machine.',
    check: (urls, addProblem) => {
      const bad = urls.filter((url) => !isOrigin(url))
      if (bad.length > 0) addProblem(`SIPIS_HTTP_URLS must list addresses like http://127.0.0.1:5000, without a path.`)
      if (urls.length > maxProcesses) addProblem(`SIPIS_HTTP_URLS takes at most ${maxProcesses} addresses.`)
    },
  }),
  CORS_ORIGINS: list({
    values: 'origins between commas',
    byDefault: [],
    sentence: 'Origins of web pages that may use the API.',
    check: (origins, addProblem) => {
      const bad = origins.filter((origin) => !isOrigin(origin))
      if (bad.length === 0) return
      addProblem(`CORS_ORIGINS has ${bad.join(', ')}; list origins like https://app.example.com, without a path.`)
    },
  }),
  TRUST_PROXY: list({
    values: 'addresses and networks between commas, or loopback',
    byDefault: [],
    sentence: 'Proxies whose X-Forwarded-For is trusted.',
    check: (proxies, addProblem) => {
      try {
        proxyAddr.compile(proxies)
      } catch {
        addProblem(
          `TRUST_PROXY is "${proxies.join(',')}"; list addresses and networks of your proxies, like 10.0.0.5, 10.1.0.0/16 or loopback.`,
        )
      }
    },
  }),
  TRUSTED_DOCUMENTS: optionalText({
    values: 'the path of a file',
    sentence: 'Manifest of trusted documents, which clients send by their id.',
  }),
  TRUSTED_ONLY: toggle({
    byDefault: false,
    sentence: 'Whether only trusted documents are answered; requires TRUSTED_DOCUMENTS.',
  }),
  CONSOLE: toggle({
    byDefault: true,
    sentence:
      'Whether /console serves the web console. Its page holds no data; what it asks is answered like any query.',
  }),
  FEDERATION_SUBGRAPH: toggle({
    byDefault: false,
    sentence:
      'Whether /graphql serves the Apollo Federation subgraph that `schema --subgraph` prints, instead of the API for clients.',
  }),
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text
}
