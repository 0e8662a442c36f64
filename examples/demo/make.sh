#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the demo's encrypted files, and the two files that `make demo` compares with: what kustomize sends to the function, and what comes
# out of the build. Made with sops 3.13.3, age 1.3.1 and kustomize 5.8.1, which must be in PATH, and with a krm-sops in KRM_SOPS. The key in
# keys/ is made once and stays: it opens this demo and nothing else.
set -eu
cd "$(dirname "$0")"
key=keys/flux-system/sops-keys/demo.agekey
[ -f $key ] || { mkdir -p "${key%/*}" && age-keygen -o $key; }
recipient=$(sed -n 's/^# public key: //p' $key)

# seal FILE [OPTION...]: encrypts stdin, as a user does with `sops encrypt --in-place`
seal() {
	file=$1
	shift
	cat >"$file"
	SOPS_AGE_RECIPIENTS=$recipient sops encrypt --in-place "$@" "$file"
}

# A Secret, encrypted where it matters.
seal repo/base/database.yaml --encrypted-regex '^(data|stringData)$' <<'END'
# Credentials of the orders database.
apiVersion: v1
kind: Secret
metadata:
    name: database
type: Opaque
stringData:
    username: orders
    password: correct horse battery staple
    # the replica has its own
    replica: "0042"
END
# A dotenv for envFrom, and the values of a chart: generators make Secrets of them, with a hash in the name.
seal repo/base/api.env <<'END'
API_TOKEN=s3cr3t-t0k3n
GREETING="hello" # no comment, dotenv keeps it
END
seal repo/base/values.yaml <<'END'
# Nobody should read these in Git.
auth:
    password: tr0ub4dor&3
    acl:
        - user: app # one per tenant
          channels: ["orders", "stock:*"]
replicas: 3
END
# Bytes that are no text.
head -c 300 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null >repo/base/keystore.bin
SOPS_AGE_RECIPIENTS=$recipient sops encrypt --in-place repo/base/keystore.bin

# What kustomize sends: a function that keeps its input.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r repo "$work"
printf '#!/bin/sh\nexec tee %s\n' "$work/list" >"$work/krm-sops"
chmod +x "$work/krm-sops"
PATH=$work:$PATH kustomize build --enable-alpha-plugins --enable-exec "$work/repo/prod" >"$work/before.yaml"
cp "$work/list" resourcelist.yaml
cp "$work/before.yaml" .

ln -sf "$(command -v "${KRM_SOPS:?}")" "$work/krm-sops"
KRM_SOPS_KEYS=$PWD/keys KRM_SOPS_NAMESPACE=flux-system PATH=$work:$PATH \
	kustomize build --enable-alpha-plugins --enable-exec repo/prod >after.yaml
