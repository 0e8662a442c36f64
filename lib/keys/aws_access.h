/* SPDX-License-Identifier: Apache-2.0
 *
 * What opens the way to KMS for one entry of a document: by its profile, role and region to credentials and endpoint. Each is made once, when an
 * entry first wants it; before that nothing is read or asked.
 */
#ifndef KEYS_AWS_ACCESS_H
#define KEYS_AWS_ACCESS_H

#include "keys/aws_creds.h"

enum {
	AWS_ACCESS_ARENA_MAX =
		64 * 1024 * 1024, /* bytes: names of documents, which are bounded themselves */
	AWS_ACCESS_KEPT = 4 * 1024 * 1024, /* bytes from one round to the next: a thousand places */
};

/* One profile's settings: where services are, what is trusted, where credentials come from. */
struct aws_session {
	struct aws_session *next;
	struct span profile; /* that documents name; empty: the usual one */
	struct aws_settings settings;
	struct aws_source source;
	struct http_tls tls;
	struct err err; /* why it can not be used; ERR_NONE where it can */
};

/* KMS in one region with one session. */
struct aws_place {
	struct aws_place *next;
	struct aws_session *session;
	struct span region;
	struct aws_endpoint kms, sts;
	const struct http_tls *tls;
};

struct aws_access {
	struct aws_clock clock;
	bool no_profiles; /* what documents name as a profile does not count, as in Flux */
	const struct aws_keys *given; /* of a decryption Secret; NULL: the ambient ones */
	struct account *account;      /* whose role is taken on in their place; NULL: none's */
	const char *given_from;       /* for messages */
	/* its own */
	struct arena arena;
	struct secret_pool pool;
	struct aws_files files;
	struct aws_session *sessions;
	struct aws_place *places;
	struct aws_creds *creds;  /* the latest first: none before what it stands on */
	struct span session_name; /* of entries' roles */
	bool has_files;
};

#define AWS_ACCESS_INIT                                                              \
	{                                                                            \
		.arena = ARENA_INIT(AWS_ACCESS_ARENA_MAX), .pool = SECRET_POOL_INIT, \
		.files = AWS_FILES_INIT                                              \
	}

/* For an entry's profile and role (empty spans: none) and its key's region. Errors: those of aws_source_find() and aws_settings_find(),
 * ERR_POLICY for a role that may not be taken on, ERR_FORMAT, ERR_SYSTEM for a file that can not be read, ERR_NOMEM. */
int aws_access_of(struct aws_access *access, struct span profile, struct span role,
		  struct span region, struct aws_place **ret_place, struct aws_creds **ret_creds,
		  struct err *err) NODISCARD;

/* Wipes and frees all. Not while a call is under way. */
/* For a program that serves: where documents have named very many regions, roles or profiles, all that was made for them is forgotten, and made anew for those
 * that are wanted again. Only while nobody uses any of it; while credentials are being fetched nothing happens. */
void aws_access_tidy(struct aws_access *access);

void aws_access_release(struct aws_access *access);

#endif
