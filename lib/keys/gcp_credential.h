/* SPDX-License-Identifier: Apache-2.0
 *
 * Google's credential files: who we are, and where a token is to be had for it.
 */
#ifndef KEYS_GCP_CREDENTIAL_H
#define KEYS_GCP_CREDENTIAL_H

#include "base/secret.h"
#include "keys/crypto_openssl.h"

struct account;

enum gcp_kind {
	GCP_ACCESS_TOKEN,    /* a token that somebody else has fetched */
	GCP_SERVICE_ACCOUNT, /* a key: we sign our own tokens */
	GCP_USER,            /* gcloud auth application-default login */
	GCP_EXTERNAL,        /* workload identity federation: another's token in exchange */
	GCP_EXTERNAL_USER,   /* workforce identity federation */
	GCP_ACCOUNT,         /* a service account of Kubernetes, which the cluster is asked about */
	GCP_METADATA,        /* the machine's own service account */
};

enum {
	GCP_CREDENTIAL_MAX = 1024 * 1024, /* bytes of a file; real ones have some KiB */
	GCP_DELEGATES_MAX = 8,
	GCP_URL_HEADERS_MAX = 4,
};

/* All texts lie in the pool; those that a kind does not have are null spans. */
struct gcp_credential {
	enum gcp_kind kind;
	struct span token;         /* GCP_ACCESS_TOKEN */
	struct span email, key_id; /* GCP_SERVICE_ACCOUNT */
	struct crypto_rsa key;     /* likewise */
	struct span client_id, client_secret,
		refresh_token; /* users; the first two also GCP_EXTERNAL */
	struct span token_url; /* both external ones */
	struct span audience, subject_type, workforce_project; /* GCP_EXTERNAL */
	struct account *account;                               /* GCP_ACCOUNT */
	struct span file, url; /* where the other's token is: one of both */
	struct span field;     /* the member of a JSON object there; null: the text is the token */
	struct span url_headers[GCP_URL_HEADERS_MAX][2]; /* name, value */
	size_t url_header_count;
	struct span
		impersonate; /* URL at which the token is changed for a service account's; any kind */
	int64_t lifetime;    /* seconds of that, 0: an hour */
	struct span delegates[GCP_DELEGATES_MAX];
	size_t delegate_count;
	struct span quota_project;
};

/* Reads a credential file. universe: the domain of the provider whose hosts may be sent anything ("googleapis.com").
 * Errors: ERR_FORMAT; ERR_UNSUPPORTED (a kind or source that we do not have); ERR_POLICY (a command to run, a host that is not the provider's);
 * ERR_LIMIT, ERR_NOMEM. No message shows a value but type, host and file. */
int gcp_credential_parse(struct span json, struct span universe, struct secret_pool *pool,
			 struct gcp_credential *ret_credential, struct err *err) NODISCARD;

#endif
