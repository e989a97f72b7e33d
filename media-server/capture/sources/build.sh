#!/usr/bin/env bash
# Compiles sluice-sources with Debian's GStreamer.
#
#   build.sh OUTPUT_FILE
set -euo pipefail

out=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
libraries=(gstreamer-1.0 gstreamer-rtsp-1.0 gio-2.0)
read -ra compile < <(pkg-config --cflags "${libraries[@]}")
read -ra link < <(pkg-config --libs "${libraries[@]}")
warnings=(-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes)
hardened=(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -pie -Wl,-z,relro,-z,now)
mkdir -p "$(dirname "$out")"
# GIO must find the connect() of allowed.c before that of libc.
cc -std=gnu11 -D_GNU_SOURCE -O2 "${warnings[@]}" "${hardened[@]}" "${compile[@]}" ./*.c -o "$out.$$" \
	-Wl,--export-dynamic-symbol=connect "${link[@]}"
mv "$out.$$" "$out"
