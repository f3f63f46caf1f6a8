/** Preloaded into a process: tells at its end how much memory it had at most. */
process.on('exit', () => {
  process.stderr.write(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`)
})
