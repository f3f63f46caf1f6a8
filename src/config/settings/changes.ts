import { secrets, wholeNumber } from '../setting-forms.ts'

export const changesSettings = {
  CHANGES_KEY: secrets({
    sentence:
      'Secrets of the tokens of `changes`: the first one seals, all of them open. The same for all gateways of a database; without it, tokens end with the process.',
  }),
  CHANGES_GENERATION: wholeNumber({
    min: 0,
    max: 1_000_000,
    byDefault: 0,
    sentence: 'Raise it after a database was restored from an image of its disk: every token is answered with a reset.',
  }),
}
