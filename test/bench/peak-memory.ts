/** Preloaded into a process; reports its peak memory on exit. */
process.on('exit', () => {
  process.stderr.write(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`)
})
