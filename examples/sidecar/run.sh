#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sidecar on this machine, asked with curl and by krm-sops itself. Fails where an answer is not what it should be. KRM_SOPS names the program.
set -eu
cd "$(dirname "$0")/../demo"
krm_sops=${KRM_SOPS:-$(command -v krm-sops || :)}
[ -x "$krm_sops" ] || { echo "sidecar: no krm-sops; build it, or name it in KRM_SOPS" >&2; exit 1; }
work=$(mktemp -d)
socket=$work/run/s.sock
trap 'kill "$sidecar" 2>/dev/null || :; wait "$sidecar" 2>/dev/null || :; rm -rf "$work"' EXIT

# The operator's part, as in the container. The key is the demo's.
"$krm_sops" serve --listen "unix://$socket" --keys keys --namespace flux-system --audit "$work/audit" &
sidecar=$!
i=0
until "$krm_sops" serve --probe ready --listen "unix://$socket" 2>/dev/null; do
	i=$((i + 1))
	if [ $i -gt 300 ] || ! kill -0 "$sidecar"; then
		echo "sidecar: not ready" >&2
		exit 1
	fi
	sleep 0.1
done
ask() {
	curl -sS --fail-with-body --unix-socket "$socket" "$@"
}

echo "How it is (GET /readyz):"
ask http://localhost/readyz

echo "A ResourceList in, the same decrypted out (POST /v1/resourcelist):"
ask --data-binary @resourcelist.yaml http://localhost/v1/resourcelist >"$work/out.yaml"
grep -n 'horse' "$work/out.yaml" | cut -c 1-80
if grep -q 'ENC\[' "$work/out.yaml"; then
	echo "sidecar: ciphertext is left" >&2
	exit 1
fi

echo "The output of a build through the function's own client, which looks for the sources of MACs itself and has no key:"
(cd repo/prod && "$krm_sops" filter --socket "$socket" --config decrypt.yaml) <before.yaml >"$work/socket.yaml"
(cd repo/prod && "$krm_sops" filter --keys ../../keys --namespace flux-system --config decrypt.yaml) <before.yaml >"$work/keys.yaml"
cmp "$work/socket.yaml" "$work/keys.yaml"
echo "    the same bytes as with the keys at hand: $(grep -c '^kind: Secret' "$work/socket.yaml") Secrets"

echo "Who had what opened (--audit):"
tail -n 1 "$work/audit" | cut -c 1-160
echo "And a document that does not open:"
sed 's/tag:[^,]*/tag:AAAAAAAAAAAAAAAAAAAAAA==/' resourcelist.yaml | ask --data-binary @- http://localhost/v1/resourcelist && exit 1
echo "sidecar: all as it should be"
