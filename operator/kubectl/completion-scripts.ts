/** Scripts that complete the command `kubectl-sluice`. They ask the program itself, and drop its last line. */
export const SCRIPTS = {
  bash: `# Completion of kubectl-sluice for bash: source <(kubectl-sluice completion bash)
_kubectl_sluice() {
	mapfile -t COMPREPLY < <(kubectl-sluice __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:')
}
complete -o default -F _kubectl_sluice kubectl-sluice
`,
  zsh: `#compdef kubectl-sluice
# Completion of kubectl-sluice for zsh: source <(kubectl-sluice completion zsh)
_kubectl_sluice() {
	local -a found
	found=(\${(f)"$(kubectl-sluice __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')"})
	compadd -a found
}
compdef _kubectl_sluice kubectl-sluice
`,
  fish: `# Completion of kubectl-sluice for fish: kubectl-sluice completion fish | source
function __kubectl_sluice
	set --local words (commandline --tokens-raw --cut-at-cursor 2>/dev/null; or commandline -opc)
	kubectl-sluice __complete $words[2..-1] (commandline --current-token) 2>/dev/null | string match --invert ':*'
end
complete --command kubectl-sluice --no-files --arguments '(__kubectl_sluice)'
`,
} as const;
