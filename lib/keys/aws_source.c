/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of credential sources; see aws_source.h.
 */
#include "keys/aws_source.h"

#include "base/text.h"
#include "keys/aws_arn.h"

#include <strings.h>

enum {
	ROLE_SECONDS_DEFAULT =
		900, /* of a profile's role, as the SDK asks for; STS gives no shorter */
	ROLE_SECONDS_MAX = 12 * 3600,
};

#define IMDS_IPV4     "http://169.254.169.254"
#define IMDS_IPV6     "http://[fd00:ec2::254]"
#define CONTAINER_URL "http://169.254.170.2"

/* A walk from profile to source profile. */
struct walk {
	const struct key_host *host;
	const struct aws_files *files;
	struct aws_source *source;
	struct span seen[AWS_CHAIN_MAX];
	size_t seen_count;
};

struct span aws_variable(const struct key_host *host, const char *name)
{
	const char *value = host->variable(host->cookie, name);

	return value && *value ? span_str(value) : SPAN_NULL;
}

/* The first of two variables that is set. */
static struct span either(const struct key_host *host, const char *name, const char *other)
{
	struct span value = aws_variable(host, name);

	return value.data ? value : aws_variable(host, other);
}

static bool is_true(struct span text)
{
	return text.len == 4 && strncasecmp((const char *)text.data, "true", 4) == 0;
}

/* "true", "false" in any case; nothing is false. */
static int read_switch(struct span variable, struct span property, const char *name, bool *ret,
		       struct err *err)
{
	struct span text = variable.data ? variable : property;

	if (text.len && !is_true(text) &&
	    !(text.len == 5 && strncasecmp((const char *)text.data, "false", 5) == 0))
		return err_set(err, ERR_USAGE, "%s is neither 'true' nor 'false'", name);
	*ret = is_true(text);
	return 0;
}

static int use_instance(const struct key_host *host, const struct aws_profile *profile,
			struct aws_source *source, struct err *err)
{
	struct span mode = aws_variable(host, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	struct aws_endpoint checked;

	if (is_true(aws_variable(host, "AWS_EC2_METADATA_DISABLED")))
		return err_set(err, ERR_NO_KEY,
			       "no AWS credentials: none in the environment, in the shared files, "
			       "of a container; instance metadata is turned off by "
			       "AWS_EC2_METADATA_DISABLED");
	source->kind = AWS_SOURCE_INSTANCE;
	source->from = "EC2 instance metadata";
	source->url = aws_variable(host, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	if (!source->url.len)
		source->url = profile->imds_endpoint;
	if (!mode.len)
		mode = profile->imds_endpoint_mode;
	if (!source->url.len)
		source->url = mode.len == 4 && strncasecmp((const char *)mode.data, "ipv6", 4) == 0
				      ? SPAN(IMDS_IPV6)
				      : SPAN(IMDS_IPV4);
	if (aws_endpoint_parse(source->url, &checked, err) < 0)
		return err_wrap(err, "EC2 instance metadata");
	return 0;
}

static bool is_container_configured(const struct key_host *host)
{
	return either(host, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		      "AWS_CONTAINER_CREDENTIALS_FULL_URI")
		       .len > 0;
}

static void use_container(const struct key_host *host, struct aws_source *source)
{
	source->kind = AWS_SOURCE_CONTAINER;
	source->from = "the container's credential endpoint";
	source->url = either(host, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
			     "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	source->token_file = aws_variable(host, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	source->auth_token = aws_variable(host, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

/* Both or none, under their usual or their older names. */
static bool use_environment(const struct key_host *host, struct aws_source *source)
{
	struct span access = either(host, "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY");
	struct span secret = either(host, "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY");

	if (!access.len || !secret.len)
		return false;
	source->kind = AWS_SOURCE_KEYS;
	source->from = "AWS_ACCESS_KEY_ID";
	source->access_key = access;
	source->secret_key = secret;
	source->session_token = aws_variable(host, "AWS_SESSION_TOKEN");
	return true;
}

static int use_web_identity(struct span token_file, struct span role_arn, struct span session_name,
			    const char *from, struct aws_source *source, struct err *err)
{
	source->kind = AWS_SOURCE_WEB_IDENTITY;
	source->from = from;
	source->token_file = token_file;
	source->role_arn = role_arn;
	source->session_name = session_name;
	if (!role_arn.len)
		return err_set(err, ERR_USAGE, "%s is set, but no role's ARN beside it", from);
	return aws_arn_role(role_arn, err);
}

static int use_credential_source(const struct walk *walk, const struct aws_profile *profile,
				 struct err *err)
{
	const struct key_host *host = walk->host;

	if (span_is(profile->credential_source, "Ec2InstanceMetadata"))
		return use_instance(host, profile, walk->source, err);
	if (span_is(profile->credential_source, "Environment")) {
		if (use_environment(host, walk->source))
			return 0;
		return err_set(err, ERR_NO_KEY,
			       "credential_source is the environment, which has no keys");
	}
	if (!span_is(profile->credential_source, "EcsContainer"))
		return err_set(err, ERR_USAGE,
			       "credential_source is none of EcsContainer, Ec2InstanceMetadata, "
			       "Environment");
	if (!is_container_configured(host))
		return err_set(err, ERR_NO_KEY,
			       "credential_source is EcsContainer, but neither "
			       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set");
	use_container(host, walk->source);
	return 0;
}

static int use_process(const struct walk *walk, const struct aws_profile *profile, struct err *err)
{
	walk->source->kind = AWS_SOURCE_PROCESS;
	walk->source->from = "credential_process";
	walk->source->command = profile->credential_process;
	if (walk->host->run)
		return 0;
	(void)err_set(err, ERR_POLICY, "credential_process is not run here");
	return err_hint(err, "run the program yourself and put what it prints into "
			     "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN");
}

static int refuse_sso(struct err *err)
{
	(void)err_set(err, ERR_UNSUPPORTED, "single sign-on of AWS is not supported");
	return err_hint(err, "eval \"$(aws configure export-credentials --format env)\" puts its "
			     "credentials into the environment");
}

/* The credentials of a profile itself, without its role. aws-sdk-go-v2: resolveCredsFromProfile */
static int use_profile_base(struct walk *walk, const struct aws_profile *profile, struct err *err)
{
	walk->source->profile = profile->name;
	if (profile->access_key.len) {
		walk->source->kind = AWS_SOURCE_KEYS;
		walk->source->from = "aws_access_key_id";
		walk->source->access_key = profile->access_key;
		walk->source->secret_key = profile->secret_key;
		walk->source->session_token = profile->session_token;
		return 0;
	}
	if (profile->credential_source.len)
		return use_credential_source(walk, profile, err);
	if (profile->sso_session.len || profile->sso_start_url.len || profile->sso_account_id.len ||
	    profile->login_session.len)
		return refuse_sso(err);
	if (profile->credential_process.len)
		return use_process(walk, profile, err);
	if (is_container_configured(walk->host)) {
		use_container(walk->host, walk->source);
		return 0;
	}
	return use_instance(walk->host, profile, walk->source, err);
}

static bool has_credentials(const struct aws_profile *profile)
{
	return profile->source_profile.len || profile->credential_source.len ||
	       profile->credential_process.len || profile->web_identity_token_file.len ||
	       profile->sso_session.len || profile->sso_start_url.len ||
	       profile->sso_account_id.len || profile->access_key.len;
}

static int check_profile(const struct aws_profile *profile, struct err *err)
{
	int ways = (profile->source_profile.len > 0) + (profile->credential_source.len > 0) +
		   (profile->credential_process.len > 0) +
		   (profile->web_identity_token_file.len > 0);

	if (ways > 1)
		return err_set(err, ERR_USAGE,
			       "more than one of source_profile, credential_source, "
			       "credential_process, web_identity_token_file");
	if (ways && !profile->credential_process.len && !profile->role_arn.len)
		return err_set(err, ERR_USAGE, "role_arn is missing");
	return 0;
}

static int read_seconds(struct span text, int *ret_seconds, struct err *err)
{
	int seconds = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || seconds > ROLE_SECONDS_MAX)
			return err_set(err, ERR_USAGE,
				       "duration_seconds is not a number of seconds");
		seconds = seconds * 10 + text.data[i] - '0';
	}
	*ret_seconds = seconds > ROLE_SECONDS_DEFAULT ? seconds : ROLE_SECONDS_DEFAULT;
	return 0;
}

static int add_role(struct walk *walk, const struct aws_profile *profile, struct err *err)
{
	struct aws_assume *assume = &walk->source->assume[walk->source->assume_count];

	if (profile->mfa_serial.len)
		return err_set(err, ERR_UNSUPPORTED,
			       "mfa_serial: nobody is there to type in a code");
	if (aws_arn_role(profile->role_arn, err) < 0 ||
	    read_seconds(profile->duration_seconds, &assume->duration_seconds, err) < 0)
		return -1;
	assume->role_arn = profile->role_arn;
	assume->session_name = profile->role_session_name;
	assume->external_id = profile->external_id;
	walk->source->assume_count++; /* never more than profiles were seen */
	return 0;
}

static int use_profile(struct walk *walk, struct span name, struct err *err);

static bool was_seen(const struct walk *walk, struct span name)
{
	size_t i;

	for (i = 0; i < walk->seen_count; i++) {
		if (span_eq(walk->seen[i], name))
			return true;
	}
	return false;
}

/* What one profile gives, with its role on top. */
static int use_loaded(struct walk *walk, const struct aws_profile *profile, struct err *err)
{
	bool inner = walk->seen_count > 1;

	if (inner && !has_credentials(profile))
		return err_set(err, ERR_USAGE, "it is a source_profile and has no credentials");
	/* Below the first one, keys count before any other way. */
	if (profile->source_profile.len && !(inner && profile->access_key.len)) {
		if (use_profile(walk, profile->source_profile, err) < 0)
			return -1;
	} else if (profile->web_identity_token_file.len && !profile->access_key.len) {
		walk->source->profile = profile->name;
		return use_web_identity(profile->web_identity_token_file, profile->role_arn,
					profile->role_session_name, "web_identity_token_file",
					walk->source, err);
	} else if (use_profile_base(walk, profile, err) < 0) {
		return -1;
	}
	return profile->role_arn.len ? add_role(walk, profile, err) : 0;
}

/* A profile that comes up again, as its own source or through others, gives only what it has by itself: so no chain goes round. */
static int use_profile(struct walk *walk, struct span name, struct err *err)
{
	bool again = was_seen(walk, name);
	struct aws_profile profile;

	if (aws_profile_load(walk->files, name, &profile, err) < 0)
		return -1;
	if (walk->seen_count == AWS_CHAIN_MAX)
		return err_set(err, ERR_LIMIT, "more than %d AWS profiles lead to each other",
			       AWS_CHAIN_MAX);
	walk->seen[walk->seen_count++] = profile.name;
	if (again)
		profile.source_profile = profile.role_arn = SPAN_NULL;
	if ((!again && check_profile(&profile, err) < 0) || use_loaded(walk, &profile, err) < 0)
		return err_wrap(err, "AWS profile '%s'", text_quote(name).text);
	return 0;
}

/* The profile in use: the document's, the variable's (both must be there), else "default", which need not. */
static int profile_name(const struct key_host *host, const struct aws_files *files,
			struct span named, struct span *ret_name, struct err *err)
{
	struct span name = named.len ? named : either(host, "AWS_PROFILE", "AWS_DEFAULT_PROFILE");

	if (name.len && !aws_profile_exists(files, name))
		return err_set(err, ERR_NO_KEY, "there is no AWS profile '%s'",
			       text_quote(name).text);
	if (!name.len && aws_profile_exists(files, SPAN("default")))
		name = SPAN("default");
	*ret_name = name;
	return 0;
}

int aws_source_find(const struct key_host *host, const struct aws_files *files, struct span named,
		    struct aws_source *ret_source, struct err *err)
{
	struct aws_source source = {.from = NULL};
	struct walk walk = {.host = host, .files = files, .source = &source};
	struct span token_file = aws_variable(host, "AWS_WEB_IDENTITY_TOKEN_FILE"), name;
	const struct aws_profile none = {.name = SPAN_NULL};
	int r;

	if (profile_name(host, files, named, &name, err) < 0)
		return -1;
	if (!named.len && use_environment(host, &source))
		r = 0;
	else if (!named.len && token_file.len)
		r = use_web_identity(token_file, aws_variable(host, "AWS_ROLE_ARN"),
				     aws_variable(host, "AWS_ROLE_SESSION_NAME"),
				     "AWS_WEB_IDENTITY_TOKEN_FILE", &source, err);
	else
		r = name.len ? use_profile(&walk, name, err) : use_profile_base(&walk, &none, err);
	if (r == 0)
		*ret_source = source;
	return r;
}

/* The operator's word for where a service is: its own variable, the one for all, the profile's `services`, the profile. */
static struct span endpoint_url(const struct key_host *host, const char *variable,
				struct span of_service, struct span of_all)
{
	struct span url = either(host, variable, "AWS_ENDPOINT_URL");

	if (url.len)
		return url;
	return of_service.len ? of_service : of_all;
}

int aws_settings_find(const struct key_host *host, const struct aws_files *files, struct span named,
		      struct aws_settings *ret_settings, struct err *err)
{
	struct aws_profile profile = {.name = SPAN_NULL};
	struct aws_settings settings = {.fips = false};
	struct span name;
	bool ignore;

	if (profile_name(host, files, named, &name, err) < 0 ||
	    (name.len && aws_profile_load(files, name, &profile, err) < 0) ||
	    read_switch(aws_variable(host, "AWS_USE_FIPS_ENDPOINT"), profile.use_fips_endpoint,
			"AWS_USE_FIPS_ENDPOINT", &settings.fips, err) < 0 ||
	    read_switch(aws_variable(host, "AWS_USE_DUALSTACK_ENDPOINT"),
			profile.use_dualstack_endpoint, "AWS_USE_DUALSTACK_ENDPOINT",
			&settings.dual_stack, err) < 0 ||
	    read_switch(aws_variable(host, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
			profile.ignore_configured_endpoint_urls,
			"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &ignore, err) < 0)
		return -1;
	if (!ignore) {
		settings.kms_url = endpoint_url(host, "AWS_ENDPOINT_URL_KMS",
						profile.kms_endpoint_url, profile.endpoint_url);
		/* Differs: in sops AWS_ENDPOINT_URL and the profile's do not reach the STS that the default chain asks. */
		settings.sts_url = endpoint_url(host, "AWS_ENDPOINT_URL_STS",
						profile.sts_endpoint_url, profile.endpoint_url);
	}
	settings.ca_bundle = aws_variable(host, "AWS_CA_BUNDLE");
	if (!settings.ca_bundle.len)
		settings.ca_bundle = profile.ca_bundle;
	*ret_settings = settings;
	return 0;
}
