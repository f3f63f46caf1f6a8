/** Completions of the command line for shells, printed from the commands and options of the program itself. */
import type { Argument, Command, Option } from 'commander'

export const shells = ['bash', 'zsh'] as const

export type Shell = (typeof shells)[number]

/** The words that can follow a command. */
interface Words {
  /** Names of the command and its parents, without the program: `key create`. */
  readonly path: string
  readonly subcommands: readonly string[]
  readonly options: readonly string[]
  /** Choices of each option that takes one of a list, by its flag. */
  readonly choices: ReadonlyMap<string, readonly string[]>
  /** Options with a value for which files are proposed. */
  readonly valued: readonly string[]
  /** Choices of the arguments. */
  readonly values: readonly string[]
}

/** @returns a script to evaluate when the shell starts */
export function completionScript(program: Command, shell: Shell): string {
  const commands = wordsOf(program, '')
  return shell === 'bash' ? bashScript(program.name(), commands) : zshScript(program.name(), commands)
}

function wordsOf(command: Command, path: string): Words[] {
  const help = command.createHelp()
  const options = help.visibleOptions(command)
  const subcommands = help.visibleCommands(command)
  const own: Words = {
    path,
    subcommands: subcommands.map((one) => one.name()),
    options: options.flatMap(flagsOf),
    choices: new Map(
      options.flatMap((option) => flagsOf(option).map((flag) => [flag, option.argChoices ?? []] as const)),
    ),
    valued: options.filter(({ required, optional }) => required || optional).flatMap(flagsOf),
    values: command.registeredArguments.flatMap((argument: Argument) => argument.argChoices ?? []),
  }
  const below = subcommands.filter((one) => one.name() !== 'help')
  return [own, ...below.flatMap((one) => wordsOf(one, `${path} ${one.name()}`.trim()))]
}

function flagsOf({ long, short }: Option): string[] {
  return [long, short].filter((flag) => typeof flag === 'string')
}

/** Words are split at blanks alone, because bash splits scopes at their colon, too. */
function bashScript(name: string, commands: readonly Words[]): string {
  const identifier = identifierOf(name)
  return `# Completions of ${name} for bash. Evaluate this when the shell starts: eval "$(${name} completion bash)"
${identifier}() {
  local line="\${COMP_LINE:0:COMP_POINT}" current='' at='' proposed='' value='' word
  local -a given
  read -ra given <<<"$line"
  if [[ $line != *[[:blank:]] ]]; then
    current="\${given[\${#given[@]} - 1]}"
    unset "given[\${#given[@]} - 1]"
  fi
  local previous="\${given[\${#given[@]} - 1]}"
  for word in "\${given[@]:1}"; do
${commandCase(commands)}
  done
${proposals(commands)}
  COMPREPLY=()
  while IFS= read -r word; do
    [[ -n $word ]] && COMPREPLY+=("$word")
  done < <(compgen -W "$proposed" -- "$current")
  # Files where no words are known.
  if [[ -z $proposed || ( \${#COMPREPLY[@]} -eq 0 && -z $value && $current != -* ) ]]; then
    while IFS= read -r word; do
      COMPREPLY+=("$word")
    done < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
  fi
  # Bash replaces only what follows the last colon.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%:*}:"}")
  fi
}
complete -F ${identifier} ${name}
`
}

function zshScript(name: string, commands: readonly Words[]): string {
  const identifier = identifierOf(name)
  return `# Completions of ${name} for zsh. Evaluate this when the shell starts: eval "$(${name} completion zsh)"
${identifier}() {
  local previous="\${words[CURRENT-1]}" at='' proposed='' value='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
${commandCase(commands)}
  done
${proposals(commands)}
  if [[ -z $proposed ]]; then
    _files
  elif [[ -n $value || $PREFIX == -* ]]; then
    compadd -- \${=proposed}
  else
    compadd -- \${=proposed} || _files
  fi
}
(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
compdef ${identifier} ${name}
`
}

function identifierOf(name: string): string {
  return `_${name.replaceAll(/\W/g, '_')}`
}

/** Extends `at`, the command that was given, by `word` if that is a command. */
function commandCase(commands: readonly Words[]): string {
  const known = commands.flatMap(({ path }) => (path === '' ? [] : [quoted(path)]))
  return `    case "\${at:+$at }$word" in
      ${known.join(' | ')}) at="\${at:+$at }$word" ;;
    esac`
}

/** Sets `proposed` to the words that may follow, and `value` if they are values of the option `previous`. */
function proposals(commands: readonly Words[]): string {
  const values = commands.flatMap(({ path, choices, valued }) =>
    valued.map((flag) => {
      const words = (choices.get(flag) ?? []).join(' ')
      return `    ${quoted(`${path} ${flag}`.trim())}) proposed=${quoted(words)} value=1 ;;`
    }),
  )
  const others = commands.map(({ path, subcommands, options, values: ofArguments }) => {
    const words = [...subcommands, ...ofArguments, ...options].join(' ')
    return `      ${quoted(path)}) proposed=${quoted(words)} ;;`
  })
  return `  case "\${at:+$at }$previous" in
${values.join('\n')}
  esac
  if [[ -z $value ]]; then
    case "$at" in
${others.join('\n')}
    esac
  fi`
}

/** Names of commands, flags and choices contain no quotes. */
function quoted(text: string): string {
  return `'${text}'`
}
