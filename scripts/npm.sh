# shellcheck shell=bash
# Sourced. Installs node_modules from the lock file, once per version of it.

npm_stamp=node_modules/.sluice-lock
npm_hash=$(sha256sum package-lock.json | cut -d ' ' -f 1)
if [ "$(cat "$npm_stamp" 2>/dev/null)" != "$npm_hash" ]; then
	command -v npm >/dev/null || apt_packages npm
	begin "installing npm packages (half a minute)"
	logged "$SLUICE_CACHE/log/npm-ci.log" npm ci --no-audit --no-fund
	printf '%s' "$npm_hash" >"$npm_stamp"
	finish
fi
PATH=$PWD/node_modules/.bin:$PATH
export PATH
