# shellcheck shell=bash
# Sourced with `browser` or `tests`: Debian packages for the demo and for the tests.

case $1 in
	browser) apt_packages chromium fonts-dejavu-core ;;
	tests)
		apt_packages chromium fonts-dejavu-core php-cli openssl python3-venv \
			gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
			gstreamer1.0-plugins-ugly gstreamer1.0-nice python3-gi gir1.2-gst-plugins-bad-1.0 gir1.2-gstreamer-1.0
		;;
esac
