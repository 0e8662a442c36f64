/* SPDX-License-Identifier: Apache-2.0
 *
 * Where credentials come from, decided before anything is asked: one source, and the roles that are taken on with it one after the other.
 * The first source that is configured is meant, even where it then fails, as in the SDK. The order: reference of sops is aws-sdk-go-v2,
 * config/resolve_credentials.go.
 *
 *   environment keys > environment web identity (IRSA) > profile > container endpoint (EKS Pod Identity, ECS) > instance metadata
 *
 * A profile that a document names (aws_profile) comes before all of them.
 */
#ifndef KEYS_AWS_SOURCE_H
#define KEYS_AWS_SOURCE_H

#include "keys/aws_endpoint.h"
#include "keys/aws_profile.h"
#include "keys/key_host.h"

struct account;

enum aws_source_kind {
	AWS_SOURCE_KEYS,         /* access key, secret key, maybe a token */
	AWS_SOURCE_WEB_IDENTITY, /* a token and a role: IRSA */
	AWS_SOURCE_PROCESS,      /* a helper that prints them */
	AWS_SOURCE_CONTAINER,    /* an endpoint beside us: EKS Pod Identity, ECS */
	AWS_SOURCE_INSTANCE,     /* EC2 instance metadata, version 2 */
};

/* A role that is taken on with the credentials before it. */
struct aws_assume {
	struct span role_arn;
	struct span session_name; /* a null span: a name of our own */
	struct span external_id;  /* a null span: none */
	int duration_seconds;     /* 0: the default of STS */
};

enum { AWS_CHAIN_MAX = 16 /* profiles that one leads to by source_profile */ };

struct aws_source {
	enum aws_source_kind kind;
	const char *from;    /* for messages: "environment variable AWS_ACCESS_KEY_ID", a literal */
	struct span profile; /* that it was found in; a null span: none */
	struct span access_key, secret_key, session_token;
	struct span role_arn, session_name, token_file; /* web identity */
	struct account
		*account; /* likewise: it has the role and the token; NULL: the texts before */
	struct span command;
	struct span url; /* container, instance metadata: without the latter's path */
	struct span
		auth_token; /* container: to be sent; where there is a token_file, that is read instead */
	struct aws_assume assume[AWS_CHAIN_MAX];
	size_t assume_count;
};

/* Where the services are, by variables and profile. */
struct aws_settings {
	bool fips, dual_stack;
	struct span kms_url, sts_url; /* null spans: none of the operator's */
	struct span ca_bundle;        /* a path; a null span: the run's own trust */
};

/* named: the profile that a document names, a null span where it names none. All that is returned points into files, named or the host's
 * variables. Errors: ERR_NO_KEY (no such profile, nothing configured), ERR_USAGE (configured in a way that can not work), ERR_UNSUPPORTED
 * (single sign-on, MFA), ERR_POLICY (a helper where none is allowed). */
int aws_source_find(const struct key_host *host, const struct aws_files *files, struct span named,
		    struct aws_source *ret_source, struct err *err) NODISCARD;
int aws_settings_find(const struct key_host *host, const struct aws_files *files, struct span named,
		      struct aws_settings *ret_settings, struct err *err) NODISCARD;

/* The value of a variable; a null span where it is not set or empty. */
struct span aws_variable(const struct key_host *host, const char *name);

#endif
