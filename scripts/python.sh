# shellcheck shell=bash
# Sourced. Makes a Python environment with aiortc, an independent WebRTC stack, for the interoperability tests.

aiortc_version=1.16.0
SLUICE_PYTHON=$SLUICE_CACHE/python-aiortc-$aiortc_version/bin/python
export SLUICE_PYTHON

make_python() {
	local new
	[ ! -x "$SLUICE_PYTHON" ] || return 0
	begin "installing aiortc $aiortc_version for Python (half a minute)"
	new=$(mktemp -d "$SLUICE_CACHE/python.XXXXXX")
	logged "$SLUICE_CACHE/log/python.log" python3 -m venv "$new"
	logged "$SLUICE_CACHE/log/python.log" "$new/bin/pip" install --only-binary :all: "aiortc==$aiortc_version"
	mv "$new" "${SLUICE_PYTHON%/bin/python}"
	finish
}
