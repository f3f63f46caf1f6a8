/** Questions to another process, and their answers by number. */
export interface Questions<T> {
  /** @returns undefined if there is no answer in time */
  ask(send: (question: number) => void): Promise<T | undefined>
  answer(question: number, answer: T): void
}

export function createQuestions<T>(withinMs: number): Questions<T> {
  const open = new Map<number, (answer: T | undefined) => void>()
  let last = 0
  return {
    ask(send) {
      last++
      const question = last
      return new Promise((resolve) => {
        const late = setTimeout(() => end(undefined), withinMs)
        const end = (answer: T | undefined) => {
          clearTimeout(late)
          open.delete(question)
          resolve(answer)
        }
        open.set(question, end)
        send(question)
      })
    },
    answer: (question, answer) => open.get(question)?.(answer),
  }
}
