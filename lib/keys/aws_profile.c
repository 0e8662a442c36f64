/* SPDX-License-Identifier: Apache-2.0
 *
 * Profiles; see aws_profile.h.
 */
#include "keys/aws_profile.h"

#include "base/text.h"

#include <stdio.h>

enum {
	SECTION_MAX = 1024 /* bytes of a section's name, with its NUL: longer ones are not found */
};

/* The fields that are nothing but a property of the profile's section. */
static const struct {
	const char *key;
	size_t offset;
} fields[] = {
	{"role_arn", offsetof(struct aws_profile, role_arn)},
	{"role_session_name", offsetof(struct aws_profile, role_session_name)},
	{"external_id", offsetof(struct aws_profile, external_id)},
	{"mfa_serial", offsetof(struct aws_profile, mfa_serial)},
	{"duration_seconds", offsetof(struct aws_profile, duration_seconds)},
	{"source_profile", offsetof(struct aws_profile, source_profile)},
	{"credential_source", offsetof(struct aws_profile, credential_source)},
	{"credential_process", offsetof(struct aws_profile, credential_process)},
	{"web_identity_token_file", offsetof(struct aws_profile, web_identity_token_file)},
	{"sso_session", offsetof(struct aws_profile, sso_session)},
	{"sso_start_url", offsetof(struct aws_profile, sso_start_url)},
	{"sso_account_id", offsetof(struct aws_profile, sso_account_id)},
	{"login_session", offsetof(struct aws_profile, login_session)},
	{"ca_bundle", offsetof(struct aws_profile, ca_bundle)},
	{"use_fips_endpoint", offsetof(struct aws_profile, use_fips_endpoint)},
	{"use_dualstack_endpoint", offsetof(struct aws_profile, use_dualstack_endpoint)},
	{"endpoint_url", offsetof(struct aws_profile, endpoint_url)},
	{"ignore_configured_endpoint_urls",
	 offsetof(struct aws_profile, ignore_configured_endpoint_urls)},
	{"ec2_metadata_service_endpoint", offsetof(struct aws_profile, imds_endpoint)},
	{"ec2_metadata_service_endpoint_mode", offsetof(struct aws_profile, imds_endpoint_mode)},
};

/* "profile NAME", "services NAME". */
static struct span section(const char *kind, struct span name, char text[static SECTION_MAX])
{
	int len = snprintf(text, SECTION_MAX, "%s %.*s", kind, (int)name.len,
			   name.len ? (const char *)name.data : "");

	return len < SECTION_MAX ? span_of(text, (size_t)len) : SPAN_NULL;
}

/* Its section in the config file: `[profile NAME]`; for "default" `[default]` too. */
static struct span config_section(const struct aws_files *files, struct span name,
				  char text[static SECTION_MAX])
{
	struct span usual = section("profile", name, text);

	if (aws_ini_has_section(&files->config, usual))
		return usual;
	if (span_is(name, "default") && aws_ini_has_section(&files->config, name))
		return name;
	return SPAN_NULL;
}

/* In the credentials file `[profile NAME]` is no profile. */
static struct span credentials_section(const struct aws_files *files, struct span name)
{
	if (span_starts(name, SPAN("profile ")) || !aws_ini_has_section(&files->credentials, name))
		return SPAN_NULL;
	return name;
}

bool aws_profile_exists(const struct aws_files *files, struct span name)
{
	char text[SECTION_MAX];

	return config_section(files, name, text).data || credentials_section(files, name).data;
}

static struct span get(const struct aws_ini *ini, struct span section_name, const char *key)
{
	return section_name.data ? aws_ini_get(ini, section_name, key, NULL) : SPAN_NULL;
}

/* Key, secret and token of one file belong together. */
static int load_keys(const struct aws_ini *ini, struct span section_name,
		     struct aws_profile *profile, struct err *err)
{
	struct span access = get(ini, section_name, "aws_access_key_id");
	struct span secret = get(ini, section_name, "aws_secret_access_key");

	if (!access.data != !secret.data)
		return err_set(err, ERR_USAGE,
			       "AWS profile '%s' has only one of aws_access_key_id and "
			       "aws_secret_access_key",
			       text_quote(profile->name).text);
	if (!access.len || !secret.len)
		return 0;
	profile->access_key = access;
	profile->secret_key = secret;
	profile->session_token = get(ini, section_name, "aws_session_token");
	return 0;
}

int aws_profile_load(const struct aws_files *files, struct span name,
		     struct aws_profile *ret_profile, struct err *err)
{
	char text[SECTION_MAX], services_text[SECTION_MAX];
	struct span config = config_section(files, name, text), services;
	struct span credentials = credentials_section(files, name);
	struct aws_profile profile = {.name = name};
	size_t i;

	if (!config.data && !credentials.data)
		return err_set(err, ERR_NO_KEY, "there is no AWS profile '%s'",
			       text_quote(name).text);
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		struct span value = get(&files->credentials, credentials, fields[i].key);

		if (!value.data)
			value = get(&files->config, config, fields[i].key);
		*(struct span *)(void *)((char *)&profile + fields[i].offset) = value;
	}
	if (load_keys(&files->config, config, &profile, err) < 0 ||
	    load_keys(&files->credentials, credentials, &profile, err) < 0)
		return -1;
	services = get(&files->config, config, "services");
	if (services.len) {
		services = section("services", services, services_text);
		profile.kms_endpoint_url =
			aws_ini_get(&files->config, services, "kms", "endpoint_url");
		profile.sts_endpoint_url =
			aws_ini_get(&files->config, services, "sts", "endpoint_url");
	}
	*ret_profile = profile;
	return 0;
}

void aws_files_release(struct aws_files *files)
{
	if (!files)
		return;
	aws_ini_release(&files->config);
	aws_ini_release(&files->credentials);
}
