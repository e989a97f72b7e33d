# shellcheck shell=bash
# Sourced. Unpacks Debian's nginx and its RTMP module into the cache. Installing the package would start a web server on
# port 80.

SLUICE_NGINX=$SLUICE_CACHE/nginx-rtmp/usr/sbin/nginx
export SLUICE_NGINX

unpack_nginx() {
	(
		cd "$1" && apt-get download nginx libnginx-mod-rtmp || exit 1
		for package in *.deb; do dpkg-deb -x "$package" . && rm "$package" || exit 1; done
	)
}

make_nginx() {
	local new
	[ ! -x "$SLUICE_NGINX" ] || return 0
	begin 'unpacking nginx (a few seconds)'
	new=$(mktemp -d "$SLUICE_CACHE/nginx.XXXXXX")
	# apt reads files as another user.
	chmod 755 "$new"
	logged "$SLUICE_CACHE/log/nginx.log" unpack_nginx "$new"
	mv "$new" "$SLUICE_CACHE/nginx-rtmp"
	finish
}
