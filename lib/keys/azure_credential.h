/* SPDX-License-Identifier: Apache-2.0
 *
 * Who we are for Entra: secrets, certificates, identities.
 */
#ifndef KEYS_AZURE_CREDENTIAL_H
#define KEYS_AZURE_CREDENTIAL_H

#include "base/secret.h"
#include "keys/crypto_openssl.h"

#define AZURE_AUTHORITY "https://login.microsoftonline.com"

enum azure_kind {
	AZURE_SECRET,
	AZURE_CERTIFICATE,
	AZURE_FEDERATED, /* workload identity: a token of the cluster's in a file */
	AZURE_ACCOUNT,   /* the same of a service account, which the cluster is asked about */
	AZURE_MANAGED,   /* the machine's own identity */
	AZURE_CLI,       /* whoever has logged in with az */
};

enum {
	AZURE_CHAIN_MAX = 8,          /* certificates that are sent along */
	AZURE_DATA_MAX = 1024 * 1024, /* bytes of a file or data key; real ones have some KiB */
};

/* All texts lie in the pool; those that a kind does not have are null spans. */
struct azure_credential {
	enum azure_kind kind;
	struct span tenant, client;
	struct span secret;                 /* AZURE_SECRET */
	struct crypto_rsa key;              /* AZURE_CERTIFICATE */
	struct span chain[AZURE_CHAIN_MAX]; /* likewise, DER: the key's own first */
	size_t chain_count;
	bool send_chain;
	struct span token_file; /* AZURE_FEDERATED */
	struct span authority;  /* "https://login.microsoftonline.com", without a "/" at its end */
	bool named; /* AZURE_MANAGED: somebody has said that there is one, so one that does not answer is a failure */
};

/* Reads the data key `sops.azure-kv` of Flux's decryption Secret: YAML or JSON, names of members in any letter case. kustomize-controller:
 * internal/sops/azkv/config.go. Errors: ERR_FORMAT, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NOMEM; for the authority those of url_given(). */
int azure_credential_parse(struct span text, struct secret_pool *pool,
			   struct azure_credential *ret_credential, struct err *err) NODISCARD;

/* Puts key and chain of a certificate into the credential: PEM, or PKCS #12 with that password (may be a null span). Errors as above. */
int azure_certificate_load(struct span data, struct span password, struct secret_pool *pool,
			   struct azure_credential *credential, struct err *err) NODISCARD;

/* An authority as it is used: https, or http to this machine itself; copied without a "/" at its end. */
int azure_authority_keep(struct span text, struct secret_pool *pool, struct span *ret_authority,
			 struct err *err) NODISCARD;

#endif
