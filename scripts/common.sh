# shellcheck shell=bash
# Sourced. Defines the cache folder, and helpers to print progress, log commands and install Debian packages.

export SLUICE_CACHE=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}
mkdir -p "$SLUICE_CACHE"

say() { printf 'setup: %s\n' "$*" >&2; }
# begin STEP: prints the step and starts its clock; the previous step ends. report_steps prints the times of all steps.
steps=$SLUICE_CACHE/.steps.$$
step=''
begin() { finish; say "$1"; step=${1%% (*}; step_since=$SECONDS; }
finish() {
	if [ -n "$step" ]; then printf '%6d s  %s\n' $((SECONDS - step_since)) "$step" >>"$steps"; fi
	step=''
}
report_steps() {
	finish
	[ -s "$steps" ] || return 0
	say "done after $SECONDS s. Times of the steps, some of which ran in parallel:"
	sed 's/^/setup: /' "$steps" >&2
	rm -f "$steps"
}
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Prints a hash of the files in a folder. Pages do not count.
folder_hash() { (cd "$1" && find . -type f ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16); }

# Runs a command with its output in a log file; shows the end of it when the command fails.
logged() {
	local log=$1; shift
	mkdir -p "$(dirname "$log")"
	if ! "$@" >"$log" 2>&1; then
		tail -n 25 "$log" >&2
		fail "command failed: $* (full output: $log)"
	fi
}

# Runs a command in the background, in a process group of its own; $! is its pid.
beside() { set -m; "$@" & set +m; }
# When set-up fails or is interrupted, what runs in the background ends too.
stop_jobs() {
	local group
	for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done
}

# Installs missing Debian packages as root, or with sudo if it needs no password.
apt_packages() {
	local missing=() package
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	local sudo=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null && sudo -n true 2>/dev/null || fail "Debian packages are missing. Run as root: apt-get install -y ${missing[*]}"
		sudo=(sudo)
	fi
	command -v apt-get >/dev/null || fail "Debian packages are missing, and apt-get was not found: ${missing[*]}"
	begin "installing Debian packages: ${missing[*]} (1 to 3 minutes)"
	local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600)
	# Only one process at a time: apt-get update does not wait for its lock.
	exec 8>"$SLUICE_CACHE/.apt.lock"
	flock 8
	logged "$SLUICE_CACHE/log/apt-update.log" "${apt[@]}" update
	logged "$SLUICE_CACHE/log/apt-install.log" "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
	exec 8>&-
	finish
}
