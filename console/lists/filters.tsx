import { useId } from 'react'
import { useSearchParams } from 'wouter'
import type { Field } from './field.ts'

/** The filters of a list. They are kept in the address, so that a link shows the same list. */
export function Filters({ fields }: { fields: readonly Field[] }) {
  const [parameters, setParameters] = useSearchParams()
  const set = (name: string, value: string) => {
    if ((parameters.get(name) ?? '') === value) return
    setParameters((before) => {
      const next = new URLSearchParams(before)
      if (value === '') next.delete(name)
      else next.set(name, value)
      return next
    })
  }
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      {fields.map((field) => (
        <FilterField key={field.name} field={field} value={parameters.get(field.name) ?? ''} onChange={set} />
      ))}
    </form>
  )
}

interface FieldProps {
  readonly field: Field
  readonly value: string
  readonly onChange: (name: string, value: string) => void
}

function FilterField({ field: { name, label, options, placeholder, type = 'text' }, value, onChange }: FieldProps) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      {options === undefined ? (
        <input
          key={value}
          id={id}
          type={type}
          defaultValue={value}
          placeholder={placeholder}
          autoComplete="off"
          spellCheck={false}
          onBlur={({ target }) => onChange(name, target.value.trim())}
          onKeyDown={({ key, currentTarget }) => key === 'Enter' && currentTarget.blur()}
        />
      ) : (
        <select id={id} value={value} onChange={({ target }) => onChange(name, target.value)}>
          {options.map(([option, title]) => (
            <option key={option} value={option}>
              {title}
            </option>
          ))}
        </select>
      )}
    </div>
  )
}
