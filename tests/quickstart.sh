#!/usr/bin/env bash
# Runs the README's quick start as a newcomer would: in a fresh root of Debian 12 made by debootstrap, from a clone of this
# repository, with nothing installed before. Where no such root can be made (no root rights, no debootstrap) it says so, which is a
# failure when CI is set and we are root.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
root=${QUICKSTART_ROOT:-/var/tmp/krm-sops-quickstart}

skip() {
	echo "quickstart: skipped: $1"
	if [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ]; then
		exit 1
	fi
	exit 0
}

[ "$(id -u)" = 0 ] || skip "needs root for debootstrap and chroot"
if ! command -v debootstrap >/dev/null; then
	apt-get install -y -qq --no-install-recommends debootstrap >/dev/null || skip "no debootstrap"
fi
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
	sed -n 's/^\(deb\|URIs:\) [^h]*\(http[^ ]*\).*/\2/p' | sed -n 1p || true)

cleanup() {
	umount "$root/proc" 2>/dev/null || true
	rm -rf --one-file-system "$root"
}
trap cleanup EXIT
cleanup
debootstrap --variant=minbase bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >/dev/null
# The machine's own way to its package mirror.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
for file in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/trusted.gpg.d /etc/apt/keyrings /usr/share/keyrings; do
	[ -e "$file" ] && mkdir -p "$root$(dirname "$file")" && cp -r "$file" "$root$(dirname "$file")/"
done
for folder in /usr/local/share/ca-certificates /etc/ssl/certs; do
	if [ -d "$folder" ]; then
		mkdir -p "$root$(dirname "$folder")"
		cp -r "$folder" "$root$(dirname "$folder")/"
	fi
done
mount -t proc proc "$root/proc"
git clone -q "$top" "$root/krm-sops"

# The two commands, word for word as the README has them.
quick=$(sed -n 's/^    \(apt-get install -y make && make deps demo\)$/\1/p' "$top/README.md")
tests=$(sed -n 's/^    \(apt-get install -y make && make deps check\)$/\1/p' "$top/README.md")
if [ -z "$quick" ] || [ -z "$tests" ]; then
	echo "quickstart: the README does not have the two commands"
	exit 1
fi
in_root() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive TERM=dumb \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		chroot "$root" sh -c "$1"
}
in_root "apt-get update -qq >/dev/null"
out=$(in_root "cd /krm-sops && $quick")
echo "$out" | tail -n 40
echo "$out" | grep -q 'correct horse battery staple' || { echo "quickstart: the demo showed no secret"; exit 1; }
echo "1 passed, 0 failed"
