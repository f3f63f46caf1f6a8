import { Foreign } from './foreign.tsx'

/** A selector, with the account shortened: the suffix tells installations apart. */
export function SelectorName({ name }: { name: string }) {
  const account = name.slice(0, 40)
  const rest = name.slice(40)
  if (!/^[0-9a-f]{40}$/i.test(account)) return <Foreign text={name} />
  return (
    <code className="selector" title={name}>
      <span className="quiet">
        {account.slice(0, 8)}…{account.slice(-4)}
      </span>
      <Foreign text={rest} />
    </code>
  )
}
