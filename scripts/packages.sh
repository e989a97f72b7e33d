# shellcheck shell=bash
# Sourced. Lists the Debian packages that each command needs.

worker_packages=(g++ ninja-build meson pkg-config patch binutils libssl-dev libuv1-dev libflatbuffers-dev flatbuffers-compiler
	xz-utils dpkg-dev)
sources_packages=(gcc libc6-dev pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev gstreamer1.0-plugins-base
	gstreamer1.0-plugins-good gstreamer1.0-plugins-bad)
browser_packages=(chromium fonts-dejavu-core)
test_packages=("${sources_packages[@]}" php-cli openssl python3-venv nftables gstreamer1.0-tools gstreamer1.0-plugins-ugly gstreamer1.0-nice
	python3-gi gir1.2-gst-plugins-bad-1.0 gir1.2-gstreamer-1.0 gir1.2-gst-rtsp-server-1.0 ffmpeg firefox-esr)
bench_packages=("${sources_packages[@]}" python3-gi gir1.2-gst-rtsp-server-1.0 ffmpeg nftables iproute2 strace)
case ${CLUSTER:-embedded} in
	embedded)
		cluster_packages=(runc containernetworking-plugins iptables nftables conntrack iproute2 busybox-static buildah mmdebstrap)
		;;
	kind) cluster_packages=(iproute2 buildah mmdebstrap) ;;
	*) cluster_packages=(iproute2) ;;
esac
