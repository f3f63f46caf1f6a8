/** Forms that several settings have. */
import { z } from 'zod'

const number = (name: string, min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: ({ input }) => `${name} is "${String(input)}"; it must be a whole number from ${min} to ${max}.`,
    })
    .transform(Number)

export const wholeNumber = (name: string, min: number, max: number, fallback: number) =>
  number(name, min, max).default(fallback)

export const optionalNumber = (name: string, min: number, max: number) => number(name, min, max).optional()

/** Names between commas. */
export const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )

export const flag = (name: string, fallback: boolean) =>
  z
    .enum(['true', 'false'], { error: ({ input }) => `${name} is "${String(input)}"; it must be true or false.` })
    .transform((text) => text === 'true')
    .default(fallback)

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
