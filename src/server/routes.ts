import type { Plugin } from 'graphql-yoga'

const endpoint = '/graphql'

/** The way from / to the API, and a clear word for every other address. */
export function useRoutes(): Plugin {
  return {
    onRequest({ url, fetchAPI, endResponse }) {
      if (url.pathname === endpoint) return
      if (url.pathname === '/') {
        endResponse(new fetchAPI.Response(null, { status: 302, headers: { location: endpoint } }))
        return
      }
      const errors = [
        { message: `There is nothing here. The API is at ${endpoint}.`, extensions: { code: 'NOT_FOUND' } },
      ]
      endResponse(fetchAPI.Response.json({ errors }, { status: 404 }))
    },
  }
}
