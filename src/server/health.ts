import { sql } from 'drizzle-orm'
import type { Plugin } from 'graphql-yoga'
import type { Database } from '../database/database.ts'
import type { Detected } from '../versions/detect.ts'

/** GET /health: 200 with the schema version while the database answers, 503 otherwise. */
export function useHealth(database: Database, { version }: Detected): Plugin {
  return {
    async onRequest({ url, request, fetchAPI, endResponse }) {
      if (url.pathname !== '/health' || !['GET', 'HEAD'].includes(request.method)) return
      const answers = await database.query(sql`SELECT 1`).then(
        () => true,
        () => false,
      )
      const body = answers ? { status: 'ok', schemaVersion: version } : { status: 'unavailable' }
      endResponse(
        fetchAPI.Response.json(body, {
          status: answers ? 200 : 503,
          headers: { 'cache-control': 'no-store', ...(answers ? {} : { 'retry-after': '5' }) },
        }),
      )
    },
  }
}
