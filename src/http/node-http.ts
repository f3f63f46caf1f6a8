import { getBuiltinModule } from 'node:process'

/**
 * node:http. An import would make the view that ES modules have of it, for which Node loads its own fetch: 25 ms
 * of the start.
 */
export const http = getBuiltinModule('node:http')
