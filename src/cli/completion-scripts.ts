// What a shell loads to complete `tusk`: each asks `tusk __complete`, so that a script never lags behind the command.
import type { shells } from "./complete.js";

export const completionScripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `# tusk completion for bash: source <(tusk completion bash)
_tusk() {
  local IFS=$'\\n'
  COMPREPLY=($(tusk __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _tusk tusk
`,
  zsh: `#compdef tusk
# tusk completion for zsh: source <(tusk completion zsh)
_tusk() {
  local -a candidates
  candidates=(\${(f)"$(tusk __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then
    compadd -- $candidates
  else
    _files
  fi
}
compdef _tusk tusk
`,
  fish: `# tusk completion for fish: tusk completion fish | source
function __tusk_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  tusk __complete -- $before[2..-1] "$current" 2>/dev/null
end
complete -c tusk -a '(__tusk_complete)'
`,
};
