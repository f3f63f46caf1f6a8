import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node resolves it. Vite would take the other of its two builds, and with it a second set of classes.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    // Packages of their own, which test/consumers/run.ts installs.
    exclude: ['**/node_modules/**', 'test/consumers/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // Databases are cloned and processes started: slow machines are no failure.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // The modules are loaded once for each worker, not for each file: a seventh of the time of a run.
    isolate: false,
    // The command line is started hundreds of times.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'sipis-gateway-compile-cache') },
  },
})
