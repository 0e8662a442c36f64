/* SPDX-License-Identifier: Apache-2.0
 *
 * Google Cloud as the machine has it; see gcp_ambient.h. sops: gcpkms/keysource.go (getGoogleCredentials, newKMSClient);
 * Go: cloud.google.com/go/auth (credentials/detect.go)
 */
#include "keys/gcp_ambient.h"

#include "base/text.h"
#include "keys/url.h"

enum { PATH_TEXT_MAX = 4096 /* bytes, as PATH_MAX of Linux */ };

#define ENV_CREDENTIALS "GOOGLE_CREDENTIALS"
#define ENV_TOKEN       "GOOGLE_OAUTH_ACCESS_TOKEN"
#define ENV_FILE        "GOOGLE_APPLICATION_CREDENTIALS"
#define ENV_ENDPOINT    "SOPS_GCP_KMS_ENDPOINT"
#define ENV_UNIVERSE    "SOPS_GCP_KMS_UNIVERSE_DOMAIN"
#define ENV_METADATA    "GCE_METADATA_HOST"
#define ENV_AUTH        "KRM_SOPS_GCP_AUTH_ENDPOINT"
#define USUAL_FILE      "/.config/gcloud/application_default_credentials.json"

static int endpoint(const char *name, struct span value, struct secret_pool *pool, struct span *ret,
		    struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(PATH_TEXT_MAX);

	if (url_given(name, value, &text, err) < 0)
		return -1;
	return secret_dup(pool, buf_span(&text), ret, err);
}

int gcp_ambient_endpoints(const struct key_host *host, struct secret_pool *pool,
			  struct gcp_endpoints *ret_endpoints, struct err *err)
{
	struct span universe = key_host_text(host, ENV_UNIVERSE);
	struct span kms = key_host_text(host, ENV_ENDPOINT);
	struct span auth = key_host_text(host, ENV_AUTH);
	struct span metadata = key_host_text(host, ENV_METADATA);
	struct gcp_endpoints endpoints = {
		.universe = universe.len ? universe : SPAN(GCP_UNIVERSE),
		.metadata = metadata.len ? metadata : SPAN(GCP_METADATA_HOST),
		.metadata_given = metadata.len > 0,
	};
	CLEAN_BUF struct buf usual = BUF_INIT(PATH_TEXT_MAX);

	buf_add_str(&usual, "cloudkms.");
	buf_add_span(&usual, endpoints.universe);
	if (buf_check(&usual, err) < 0 ||
	    endpoint(kms.len ? ENV_ENDPOINT : ENV_UNIVERSE, kms.len ? kms : buf_span(&usual), pool,
		     &endpoints.kms, err) < 0)
		return -1;
	if (auth.len && endpoint(ENV_AUTH, auth, pool, &endpoints.auth, err) < 0)
		return -1;
	*ret_endpoints = endpoints;
	return 0;
}

static int parse(struct span text, const struct gcp_endpoints *endpoints, const char *source,
		 struct secret_pool *pool, struct gcp_credential *ret, struct err *err)
{
	if (gcp_credential_parse(text, endpoints->universe, pool, ret, err) < 0)
		return err_wrap(err, "Google credentials of '%s'",
				text_quote(span_str(source)).text);
	return 0;
}

/* 1 where the file is not there. */
static int parse_file(const struct key_host *host, const char *path,
		      const struct gcp_endpoints *endpoints, struct secret_pool *pool,
		      struct gcp_credential *ret, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool file = SECRET_POOL_INIT;
	struct err why = ERR_INIT;
	struct span text;

	if (host->read_file(host->cookie, path, &file, &text, &why) == 0)
		return parse(text, endpoints, path, pool, ret, err);
	*err = why;
	return why.code == ERR_NOT_FOUND ? 1 : -1;
}

int gcp_ambient_credential(const struct key_host *host, const struct gcp_endpoints *endpoints,
			   struct secret_pool *pool, struct gcp_credential *ret, struct err *err)
{
	CLEAN_BUF struct buf usual = BUF_INIT(PATH_TEXT_MAX);
	const char *credentials = host->variable(host->cookie, ENV_CREDENTIALS);
	const char *file = host->variable(host->cookie, ENV_FILE);
	struct span token = key_host_text(host, ENV_TOKEN);
	struct span home = key_host_text(host, "HOME");
	int status;

	if (credentials && *credentials) {
		status = *credentials == '{'
				 ? 1
				 : parse_file(host, credentials, endpoints, pool, ret, err);
		return status <= 0 ? status
				   : parse(span_str(credentials), endpoints, ENV_CREDENTIALS, pool,
					   ret, err);
	}
	*ret = (struct gcp_credential){.kind = GCP_ACCESS_TOKEN};
	if (token.len)
		return secret_dup(pool, token, &ret->token, err);
	if (file && *file)
		return parse_file(host, file, endpoints, pool, ret, err) ? -1 : 0;
	if (home.len) {
		buf_add_span(&usual, home);
		buf_add(&usual, USUAL_FILE, sizeof(USUAL_FILE));
		if (buf_check(&usual, err) < 0)
			return -1;
		status = parse_file(host, (const char *)usual.data, endpoints, pool, ret, err);
		if (status <= 0)
			return status;
	}
	*ret = (struct gcp_credential){.kind = GCP_METADATA};
	return 0;
}
