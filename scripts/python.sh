# shellcheck shell=bash
# Sourced: a Python with aiortc, an independent WebRTC stack, for the interoperability tests.

aiortc_version=1.16.0
SLUICE_PYTHON=$SLUICE_CACHE/python-aiortc-$aiortc_version/bin/python
if [ ! -x "$SLUICE_PYTHON" ]; then
	say "installing aiortc $aiortc_version for Python (half a minute)"
	python_new=$(mktemp -d "$SLUICE_CACHE/python.XXXXXX")
	logged "$SLUICE_CACHE/log/python.log" python3 -m venv "$python_new"
	logged "$SLUICE_CACHE/log/python.log" "$python_new/bin/pip" install --only-binary :all: "aiortc==$aiortc_version"
	mv "$python_new" "${SLUICE_PYTHON%/bin/python}"
fi
export SLUICE_PYTHON
