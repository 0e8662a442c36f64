/* SPDX-License-Identifier: Apache-2.0
 *
 * One profile of the shared files, put together from both: the credentials file's word counts before the config file's.
 * aws-sdk-go-v2: config/shared_config.go
 */
#ifndef KEYS_AWS_PROFILE_H
#define KEYS_AWS_PROFILE_H

#include "keys/aws_ini.h"

struct aws_files {
	struct aws_ini config, credentials;
};

#define AWS_FILES_INIT                                              \
	{                                                           \
		.config = AWS_INI_INIT, .credentials = AWS_INI_INIT \
	}

/* What of a profile matters here. Null or empty spans: not set. All point into the files. */
struct aws_profile {
	struct span name;
	struct span access_key, secret_key, session_token; /* from one file, all of them */
	struct span role_arn, role_session_name, external_id, mfa_serial, duration_seconds;
	struct span source_profile, credential_source, credential_process, web_identity_token_file;
	struct span sso_session, sso_start_url, sso_account_id, login_session;
	struct span ca_bundle, use_fips_endpoint, use_dualstack_endpoint;
	struct span endpoint_url, ignore_configured_endpoint_urls;
	struct span kms_endpoint_url, sts_endpoint_url; /* of its `services` section */
	struct span imds_endpoint, imds_endpoint_mode;
};

bool aws_profile_exists(const struct aws_files *files, struct span name);

/* Errors: ERR_NO_KEY where there is no such profile, ERR_USAGE where one of its two keys is missing. */
int aws_profile_load(const struct aws_files *files, struct span name,
		     struct aws_profile *ret_profile, struct err *err) NODISCARD;

/* Wipes and frees both. NULL is fine. */
void aws_files_release(struct aws_files *files);

#endif
