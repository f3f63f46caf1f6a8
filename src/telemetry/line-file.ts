import type { FileName, Observe } from './observation.ts'

/** Where the lines of a LineFile go. */
export interface Target {
  /**
   * Writes some of the bytes without blocking the event loop.
   *
   * @returns the number of bytes written
   * @throws an error with the code of the operating system; `EAGAIN` if there is no room now
   */
  write(bytes: Buffer): Promise<number>
  /** Writes synchronously, at most once, while the process exits. */
  writeAtExit?(bytes: Buffer): void
  /** What is written at once in one piece where several processes append; no bound by default. */
  readonly wholeBytes?: number
  /** Called before lines are written. @returns whether another file has been opened */
  refresh?(): Promise<boolean>
  /** Makes the next `refresh` compare the path with the open file. */
  reopen?(): void
  close(): void
}

export interface LineFileOptions {
  readonly file: FileName
  readonly target: Target
  readonly observe: Observe
  /** Time that lines wait, so that several are written at once. */
  readonly delayMs: number
  /** Whether other processes append to the same file: each write has whole lines then. */
  readonly isShared?: boolean
}

const retryMs = 1_000
/** Pause before a full pipe is written again; doubles while it stays full. */
const fullPause = { firstMs: 5, maxMs: 250 }
/** Further lines are dropped, so that a failing target does not exhaust memory. */
const maxHeldBytes = 10_000_000
/** Maximum size of one write, so that progress is detected. */
const maxWriteBytes = 262_144
/** Time limits of closing: without progress, and in total. */
const closeLimits = { stuckMs: 500, totalMs: 5_000 }
const newline = 0x0a

/**
 * Appends lines to a file or a pipe in the background. While writing fails, up to 10 MB of lines wait in memory; the first failure, the
 * first dropped line and the recovery are observed.
 */
export class LineFile implements AsyncDisposable {
  readonly #options: LineFileOptions
  #waiting: string[] = []
  #waitingBytes = 0
  /** The lines that are being written, and the number of bytes written so far. */
  #batch = Buffer.alloc(0)
  #written = 0
  #lost = 0
  #failure: string | undefined
  #progressAt = 0
  #pauseMs = 0
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #ending: Promise<void> | undefined
  #isClosed = false

  constructor(options: LineFileOptions) {
    this.#options = options
  }

  write(line: string): void {
    if (this.#isClosed) return
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + this.#batch.length + bytes > maxHeldBytes) this.#drop()
    else {
      this.#waiting.push(line)
      this.#waitingBytes += bytes
      this.#schedule()
    }
  }

  /** Compares the path with the open file before the next write. Called after the file was renamed. */
  reopen(): void {
    this.#options.target.reopen?.()
  }

  /** Writes waiting lines synchronously, at most once, because the process exits. */
  writeAtExit(): void {
    if (this.#running !== undefined || this.#isClosed || !this.#hasLines) return
    this.#options.target.writeAtExit?.(Buffer.concat([this.#rest, Buffer.from(this.#waiting.join(''))]))
  }

  /** Writes waiting lines. Gives up after half a second without progress, or after five seconds. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    await this.#drain()
    this.#isClosed = true
    clearTimeout(this.#timer)
    if (this.#hasLines) {
      const { file, observe } = this.#options
      observe({ kind: 'fileEndLost', file, code: this.#failure, lost: this.#lost + this.#lines })
    }
    // A descriptor must not be closed while another thread writes to it.
    if (this.#running === undefined) this.#options.target.close()
  }

  get #rest(): Buffer {
    return this.#batch.subarray(this.#written)
  }

  get #hasLines(): boolean {
    return this.#isWriting || this.#waiting.length > 0
  }

  /** What is written next: whole lines if other processes write between two writes. */
  get #chunk(): Buffer {
    const rest = this.#rest
    const { isShared = false, target } = this.#options
    if (!isShared) return rest.subarray(0, maxWriteBytes)
    const bytes = Math.min(maxWriteBytes, target.wholeBytes ?? maxWriteBytes)
    if (rest.length <= bytes) return rest
    const end = rest.lastIndexOf(newline, bytes - 1)
    return rest.subarray(0, (end === -1 ? rest.indexOf(newline) : end) + 1)
  }

  /** A line that is cut off, as on a full disk, is written again in full: other processes may have written behind its first part. */
  #advance(bytes: number): void {
    const start = this.#written
    this.#written += bytes
    const isWhole = bytes === 0 || this.#batch[this.#written - 1] === newline
    if (isWhole || this.#options.isShared !== true) return
    const line = Math.max(start, this.#batch.lastIndexOf(newline, this.#written - 1) + 1)
    this.#batch = Buffer.concat([Buffer.of(newline), this.#batch.subarray(line)])
    this.#written = 0
  }

  /** Number of lines that are not completely written. */
  get #lines(): number {
    return newlinesOf(this.#rest) + this.#waiting.length
  }

  async #drain(): Promise<void> {
    const start = performance.now()
    this.#progressAt = start
    let isStuck = false
    const stuck = async () => {
      while (!isStuck && !isDone) {
        await pause(fullPause.firstMs)
        const now = performance.now()
        isStuck = now - this.#progressAt > closeLimits.stuckMs || now - start > closeLimits.totalMs
      }
    }
    let isDone = false
    const attempts = async () => {
      await this.#running
      do await this.#start()
      while (this.#hasLines && !isStuck && (await this.#mayGoOn()))
      isDone = true
    }
    await Promise.race([attempts(), stuck()])
    isStuck = true
  }

  /** Waits until a full pipe may have room again. @returns whether a further attempt may succeed */
  async #mayGoOn(): Promise<boolean> {
    if (this.#failure === 'EAGAIN') return pause(fullPause.firstMs)
    return this.#failure === undefined
  }

  #schedule(): void {
    if (this.#isClosed || this.#running !== undefined) return
    const ms = this.#failure === undefined ? this.#options.delayMs : this.#pauseMs
    this.#timer ??= setTimeout(() => void this.#start(), ms).unref()
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#flush().finally(() => {
      this.#running = undefined
      if (this.#hasLines) this.#schedule()
    })
    return this.#running
  }

  /**
   * Writes the lines that wait now; on failure keeps the rest for the next attempt. Those that come meanwhile wait again, because a busy
   * gateway would write few lines at a time otherwise, and without end.
   */
  async #flush(): Promise<void> {
    const { target } = this.#options
    let progress = false
    try {
      if ((await target.refresh?.()) === true) this.#repeatLine()
      if (!this.#isWriting) this.#takeBatch()
      while (this.#isWriting) {
        this.#advance(await target.write(this.#chunk))
        this.#progressAt = performance.now()
        progress = true
      }
      this.#setBatch('')
      this.#recovered()
    } catch (error) {
      this.#failed(codeOf(error), progress)
    }
  }

  /** Whether a batch is not completely written. */
  get #isWriting(): boolean {
    return this.#written < this.#batch.length
  }

  #takeBatch(): void {
    this.#setBatch(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #setBatch(lines: string): void {
    this.#batch = Buffer.from(lines)
    this.#written = 0
  }

  /** Writes a partially written line again in full, because its first part is in the previous file. */
  #repeatLine(): void {
    // The newline that ends a line which was cut off.
    if (this.#batch[0] === newline && this.#written === 0) this.#written = 1
    else if (this.#written > 0) this.#written = this.#batch.lastIndexOf(newline, this.#written - 1) + 1
  }

  #drop(): void {
    const { file, observe } = this.#options
    this.#lost++
    // Counted before it is observed, because the observation may add a line to this file.
    if (this.#lost === 1) observe({ kind: 'linesDropped', file, code: this.#failure, lost: 1 })
  }

  #failed(code: string, progress: boolean): void {
    const { file, observe } = this.#options
    const isFirst = code !== 'EAGAIN' && (this.#failure === undefined || this.#failure === 'EAGAIN')
    if (code !== 'EAGAIN') this.#pauseMs = retryMs
    else if (progress || this.#failure !== 'EAGAIN') this.#pauseMs = fullPause.firstMs
    else this.#pauseMs = Math.min(this.#pauseMs * 2, fullPause.maxMs)
    this.#failure = code
    if (isFirst) observe({ kind: 'fileFailed', file, code, waiting: this.#lines })
  }

  #recovered(): void {
    const { file, observe } = this.#options
    const lost = this.#lost
    const isNews = lost > 0 || (this.#failure !== undefined && this.#failure !== 'EAGAIN')
    this.#failure = undefined
    this.#lost = 0
    if (isNews) observe({ kind: 'fileRecovered', file, lost })
  }
}

function newlinesOf(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

function pause(ms: number): Promise<true> {
  return new Promise((resolve) => setTimeout(resolve, ms, true))
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
