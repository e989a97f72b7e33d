#!/bin/bash
# First process of a host, in its own mount, uts, ipc, network and pid namespaces.
# Usage: host-init.sh FOLDER NAME ADDRESS/LENGTH...
# Writes below /run, /var/lib and /var/log stay in these namespaces or in the host's folder.
set -e
folder=$1 name=$2
shift 2

# Kubelet and containerd share mounts with each other, not with the machine.
mount --make-rshared /
# Otherwise network namespaces of pods would be left in the machine's /run/netns.
mount -t tmpfs tmpfs /run
for top in lib log; do
	mkdir -p /run/overlay/$top /run/overlay/$top.work
	mount -t overlay overlay -o "lowerdir=/var/$top,upperdir=/run/overlay/$top,workdir=/run/overlay/$top.work" /var/$top
done
for disk in var/lib/kubelet var/lib/containerd var/lib/cni var/log/pods var/log/containers; do
	mkdir -p "/$disk" "$folder/disk/$disk"
	mount --bind "$folder/disk/$disk" "/$disk"
done

hostname "$name"
ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done
for address in "$@"; do
	case $address in
		# Duplicate address detection would delay the address, and there is no duplicate.
		*:*)
			ip addr add "$address" dev eth0 nodad
			sysctl -qw net.ipv6.conf.all.forwarding=1
			;;
		*) ip addr add "$address" dev eth0 ;;
	esac
done
ip link set eth0 up
sysctl -qw net.ipv4.ip_forward=1
touch "$folder/ready"

# When this process ends, the kernel ends all others in its namespaces. It also adopts orphans, which wait reaps.
trap 'exit 0' TERM
while :; do
	sleep 3600 &
	wait $! || true
done
