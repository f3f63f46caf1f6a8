#!/usr/bin/env node
/**
 * The command of the package. Checks the version of Node before anything else is loaded, because older ones lack what the program
 * and its packages import, and would say so with a stack. Nothing may be imported statically here.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

// The same as engines in package.json.
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(
    `sipis-gateway requires Node 22.15 or newer, and this is Node ${process.versions.node}. Install a newer one from https://nodejs.org.\n`,
  )
  process.exit(1)
}
await import('./main.ts')

export {}
