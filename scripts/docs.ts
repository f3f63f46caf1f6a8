/** Writes the parts of the documents that are printed from the code: npm run docs */
import { readFileSync, writeFileSync } from 'node:fs'
import { printedDocuments, withPrintedParts } from './printed.ts'

for (const file of printedDocuments) writeFileSync(file, withPrintedParts(readFileSync(file, 'utf8')))
