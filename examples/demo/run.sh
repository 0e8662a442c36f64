#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job on a small GitOps repository: what kustomize sends goes through krm-sops, and where kustomize is installed a real build does.
# Fails where what comes out is not what it should be. KRM_SOPS names the program.
set -eu
cd "$(dirname "$0")"
demo=$PWD
krm_sops=${KRM_SOPS:-$(command -v krm-sops || :)}
[ -x "$krm_sops" ] || { echo "demo: no krm-sops; build it, or name it in KRM_SOPS" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$krm_sops" "$work/krm-sops"
# The operator's part: where the keys lie, and whose may be used. The key is for this demo only.
export KRM_SOPS_KEYS="$demo/keys" KRM_SOPS_NAMESPACE=flux-system PATH="$work:$PATH"

# secret FILE: what its Secret for the database holds, with long lines cut
secret() {
	awk '/^  stringData:/ { on = 1 } on && /^- / { exit } on' "$1" | cut -c 1-90 | sed 's/^/    /'
}

echo "A Secret of the ResourceList that kustomize sends to krm-sops:"
secret resourcelist.yaml
(cd repo/prod && krm-sops <"$demo/resourcelist.yaml" >"$work/out.yaml")
echo "... and as it comes back:"
secret "$work/out.yaml"
if grep -q 'ENC\[' "$work/out.yaml"; then
	echo "demo: ciphertext is left" >&2
	exit 1
fi

# Without plugins: the build's output through a pipe.
(cd repo/prod && krm-sops filter --config decrypt.yaml <"$demo/before.yaml" >"$work/filtered.yaml")
echo "The same for the output of a build without the function, by krm-sops filter: $(grep -c '^kind: Secret' "$work/filtered.yaml") Secrets."

if ! command -v kustomize >/dev/null; then
	echo "kustomize is not installed: no real build. The one that was made with 5.8.1 is in examples/demo/after.yaml."
	exit 0
fi
kustomize build --enable-alpha-plugins --enable-exec repo/prod >"$work/after.yaml"
echo "kustomize build --enable-alpha-plugins --enable-exec examples/demo/repo/prod"
echo "... hashes follow what is inside, references follow the names:"
grep -E 'name: prod-(api-env|cache-values)' "$work/after.yaml" | sort | uniq -c | sed 's/^/    /'
cmp "$work/after.yaml" after.yaml || { echo "demo: the build is not the one of examples/demo/after.yaml" >&2; exit 1; }
