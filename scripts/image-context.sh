#!/usr/bin/env bash
# Makes the build context of the Dockerfile and prints its path. Run by run.sh --with worker. The folder is named by the
# hash of its content.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

hash=$( (git ls-files -z -co --exclude-standard crds process operator media-server package.json package-lock.json scripts/image-context.sh Dockerfile Dockerfile.sources |
	xargs -0 sha256sum; sha256sum "$MEDIASOUP_WORKER_BIN" | cut -d ' ' -f 1) | sha256sum | cut -c 1-16)
context=$SLUICE_CACHE/image-context/$hash
if [ ! -e "$context" ]; then
	mkdir -p "$SLUICE_CACHE/image-context"
	modules=$SLUICE_CACHE/image-context/modules-$(sha256sum package-lock.json | cut -c 1-16)
	if [ ! -e "$modules" ]; then
		say "fetching the npm packages of the image (half a minute)"
		new=$(mktemp -d "$SLUICE_CACHE/image-context/new.XXXXXX")
		cp package.json package-lock.json "$new"
		(cd "$new" && logged "$SLUICE_CACHE/log/npm-image.log" npm ci --omit=dev --ignore-scripts --no-audit --no-fund)
		# The image needs neither the worker's sources, which mediasoup's package includes, nor types and source maps.
		rm -rf "$new/node_modules/mediasoup/worker"
		find "$new/node_modules" -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.md' \) -delete
		mv -T "$new" "$modules" 2>/dev/null || rm -rf "$new"
	fi
	new=$(mktemp -d "$SLUICE_CACHE/image-context/new.XXXXXX")
	mkdir "$new/sluice"
	git ls-files -z -co --exclude-standard crds process operator media-server | grep -zv -e '\.test\.ts$' -e '^media-server/mediasoup-worker/' -e '^media-server/capture/sources/' -e '^operator/kubectl/' |
		xargs -0 cp --parents -t "$new/sluice"
	cp package.json LICENSE "$new/sluice"
	cp -a "$modules/node_modules" "$new/sluice"
	cp "$MEDIASOUP_WORKER_BIN" "$new/mediasoup-worker"
	chmod -R go+rX "$new"
	mv -T "$new" "$context" 2>/dev/null || rm -rf "$new"
	# Each state of the tree makes a folder; the newest three are kept.
	find "$SLUICE_CACHE/image-context" -mindepth 1 -maxdepth 1 -type d -regex '.*/[0-9a-f]*' -printf '%T@ %p\n' |
		sort -rn | tail -n +4 | cut -d ' ' -f 2- | xargs -r rm -rf
fi
printf '%s\n' "$context"
