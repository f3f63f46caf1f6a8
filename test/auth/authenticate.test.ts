import { describe, expect, it } from 'vitest'
import { createAuthenticate } from '../../src/auth/authenticate.ts'
import { CredentialError } from '../../src/auth/credential-error.ts'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import { tool } from '../support/principals.ts'

const jwt = async (token: string) => tool(`JWT ${token}`)
const apiKey = (key: string) => tool(`key ${key}`)
const both = createAuthenticate({ jwt, apiKey })

describe('The Authorization header', () => {
  it.each([
    ['Bearer a.b-c_d~e+f/g=', 'JWT a.b-c_d~e+f/g='],
    ['bearer   a  ', 'JWT a'],
    ['Bearer sipis_x', 'key sipis_x'],
    ['Bearer xsipis_', 'JWT xsipis_'],
  ])('"%s" is checked as "%s"', async (header, name) => {
    expect(await both(header)).toEqual(tool(name))
  })

  it.each([
    [undefined, 'no credential'],
    ['', 'not of the form "Bearer …"'],
    ['Bearer', 'not of the form "Bearer …"'],
    ['Bearer a b', 'not of the form "Bearer …"'],
    ['Bearer a,b', 'not of the form "Bearer …"'],
    ['Basic YTpi', 'not of the form "Bearer …"'],
    [' Bearer a', 'not of the form "Bearer …"'],
  ])('%j is rejected: %s', async (header, reason) => {
    const refusal = await Promise.resolve(both(header)).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(CredentialError)
    expect(refusal).toHaveProperty('message', reason)
  })

  it('is rejected if it holds a kind of credential that is not configured', async () => {
    const tokensOnly = createAuthenticate({ jwt, apiKey: undefined })
    await expect(tokensOnly('Bearer sipis_x')).rejects.toThrow('an API key, but API_KEYS_FILE is not set')
    expect(await tokensOnly('Bearer x')).toEqual(tool('JWT x'))
    const keysOnly = createAuthenticate({ jwt: undefined, apiKey })
    await expect(keysOnly('Bearer x')).rejects.toThrow('a JWT, but neither AUTH_JWKS_URL nor AUTH_JWKS_FILE is set')
    await expect(keysOnly(undefined)).rejects.toThrow('no credential')
    expect(await keysOnly('Bearer sipis_x')).toEqual(tool('key sipis_x'))
  })

  it('is ignored in open mode', async () => {
    const open = createAuthenticate({ jwt: undefined, apiKey: undefined })
    for (const header of [undefined, 'Bearer sipis_x', 'nonsense']) expect(await open(header)).toBe(anonymousPrincipal)
  })
})
