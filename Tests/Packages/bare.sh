#!/bin/sh
# Installs the Debian package in a bare Debian 12, trains there, and takes it away again:
#
#     ./bundle deb && Tests/Packages/bare.sh [--demo] [PACKAGE]
#
# --demo builds from source there too: README's first command on a clean clone, Swift fetched, which
# takes the network and half an hour. DRR_SWIFT_URL and DRR_SWIFT_PINS are as for ./install, and
# DRR_BARE_BIND names files and folders of this machine that are to be seen there, such as a mirror
# of the Swift packages. Needs root.
set -eu
cd "$(dirname "$0")/../.."
demo=
[ "${1:-}" != --demo ] || { demo=yes; shift; }
package=${1:-$(ls -t .build/bundle/drr_*_amd64.deb | head -n 1)}
[ -f "$package" ] || { echo "no package: ./bundle deb" >&2; exit 1; }
./install debootstrap lintian
lintian --fail-on error,warning "$package"

# In a namespace of its own, so that what is mounted goes with it.
if [ -z "${DRR_BARE_ROOT:-}" ]; then
  DRR_BARE_ROOT=$(mktemp -d)
  chmod 755 "$DRR_BARE_ROOT"
  export DRR_BARE_ROOT
  trap 'rm -rf --one-file-system "$DRR_BARE_ROOT"' EXIT
  status=0
  unshare --mount --pid --fork "$0" ${demo:+--demo} "$package" || status=$?
  exit "$status"
fi
root=$DRR_BARE_ROOT
debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 ||
  { tail "$root.log" >&2; exit 1; }
rm "$root.log"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for path in ${DRR_BARE_BIND:-}; do
  mkdir -p "$root$(dirname "$path")"
  if [ -d "$path" ]; then mkdir -p "$root$path"; else touch "$root$path"; fi
  mount --bind "$path" "$root$path"
done
cp "$package" "$root/root/drr.deb"
inside() {
  echo "# $1" >&2
  chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive DRR_SWIFT_URL="${DRR_SWIFT_URL:-}" \
    DRR_SWIFT_PINS="${DRR_SWIFT_PINS:-}" sh -ec "cd /root && $1"
}
inside "apt-get update -qq && apt-get install -y -qq ./drr.deb >/dev/null"
inside "drr --version"
inside "drr devices"
inside "drr train residual --steps 400 --learning-starts 100 --run run >train.txt && tail -n 3 train.txt"
inside "drr evaluate --run run --json | grep -q ndcg"
inside "drr recommend --run run --user 1 --top 3"
inside "test -s /usr/share/man/man1/drr.train.residual.1.gz"
inside "! ldd /usr/bin/drr | grep 'not found'"
inside "apt-get purge -y -qq drr >/dev/null"
left=$(cd "$root" && find usr -type f -path '*drr*' | sort)
[ -z "$left" ] || { echo "left behind: $left" >&2; exit 1; }
if [ "$demo" ]; then
  git clone -q . "$root/root/drr"
  inside "cd drr && ./demo"
fi
echo "$package runs on a bare Debian 12" >&2
