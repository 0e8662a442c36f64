/* SPDX-License-Identifier: Apache-2.0
 *
 * Azure as the machine has it; see azure_ambient.h. Differs: of helpers only az is run, where the operator allows it; nobody logs in with a
 * password. Azure SDK: sdk/azidentity (default_azure_credential.go, environment_credential.go)
 */
#include "keys/azure_ambient.h"

#include "base/text.h"
#include "keys/url.h"

#include <strings.h>

enum wanted { WANT_ENVIRONMENT = 1, WANT_WORKLOAD = 2, WANT_MANAGED = 4, WANT_CLI = 8 };

static const struct {
	const char *name;
	unsigned wanted;
} narrowed[] = {
	{"dev", WANT_CLI},
	{"prod", WANT_ENVIRONMENT | WANT_WORKLOAD | WANT_MANAGED},
	{"EnvironmentCredential", WANT_ENVIRONMENT},
	{"WorkloadIdentityCredential", WANT_WORKLOAD},
	{"ManagedIdentityCredential", WANT_MANAGED},
	{"AzureCLICredential", WANT_CLI},
};

static int wanted_of(struct span name, unsigned *ret_wanted, struct err *err)
{
	size_t i;

	*ret_wanted = WANT_ENVIRONMENT | WANT_WORKLOAD | WANT_MANAGED | WANT_CLI;
	if (!name.len)
		return 0;
	for (i = 0; i < ARRAY_LEN(narrowed); i++) {
		if (name.len == strlen(narrowed[i].name) &&
		    strncasecmp((const char *)name.data, narrowed[i].name, name.len) == 0) {
			*ret_wanted = narrowed[i].wanted;
			return 0;
		}
	}
	return err_set(err, ERR_UNSUPPORTED, "AZURE_TOKEN_CREDENTIALS: '%s' is not supported",
		       text_quote(name).text);
}

static int load_certificate(const struct key_host *host, struct secret_pool *pool,
			    struct azure_credential *credential, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool file = SECRET_POOL_INIT;
	const char *path = host->variable(host->cookie, "AZURE_CLIENT_CERTIFICATE_PATH");
	struct span send = key_host_text(host, "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"), data;

	credential->send_chain = span_is(send, "1") || span_is(send, "true");
	if (host->read_file(host->cookie, path, &file, &data, err) < 0)
		return -1;
	if (azure_certificate_load(data, key_host_text(host, "AZURE_CLIENT_CERTIFICATE_PASSWORD"),
				   pool, credential, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	return 0;
}

static int read_authority(const struct key_host *host, struct secret_pool *pool,
			  struct span *ret_authority, struct err *err)
{
	struct span authority = key_host_text(host, "AZURE_AUTHORITY_HOST");

	if (azure_authority_keep(authority.len ? authority : SPAN(AZURE_AUTHORITY), pool,
				 ret_authority, err) < 0)
		return err_wrap(err, "AZURE_AUTHORITY_HOST");
	return 0;
}

/* What the variables name, with what all of them share; false where they do not name it. */
static int add_named(const struct key_host *host, unsigned wanted, struct secret_pool *pool,
		     struct azure_chain *chain, struct err *err)
{
	struct azure_credential named = {.tenant = key_host_text(host, "AZURE_TENANT_ID"),
					 .client = key_host_text(host, "AZURE_CLIENT_ID"),
					 .secret = key_host_text(host, "AZURE_CLIENT_SECRET"),
					 .token_file =
						 key_host_text(host, "AZURE_FEDERATED_TOKEN_FILE")};
	bool certificate = key_host_text(host, "AZURE_CLIENT_CERTIFICATE_PATH").len > 0;

	if (!named.tenant.len || !named.client.len)
		return 0;
	if (read_authority(host, pool, &named.authority, err) < 0)
		return -1;
	if ((wanted & WANT_ENVIRONMENT) && (named.secret.len || certificate)) {
		named.kind = named.secret.len ? AZURE_SECRET : AZURE_CERTIFICATE;
		if (named.kind == AZURE_CERTIFICATE &&
		    load_certificate(host, pool, &named, err) < 0)
			return err_wrap(err, "AZURE_CLIENT_CERTIFICATE_PATH");
		chain->candidates[chain->count++] = named;
	}
	if ((wanted & WANT_WORKLOAD) && named.token_file.len) {
		named.kind = AZURE_FEDERATED;
		chain->candidates[chain->count++] = named;
	}
	return 0;
}

int azure_ambient_chain(const struct key_host *host, struct secret_pool *pool,
			struct azure_chain *chain, struct err *err)
{
	unsigned wanted;

	if (wanted_of(key_host_text(host, "AZURE_TOKEN_CREDENTIALS"), &wanted, err) < 0 ||
	    add_named(host, wanted, pool, chain, err) < 0)
		return -1;
	if (wanted & WANT_MANAGED)
		chain->candidates[chain->count++] = (struct azure_credential){
			.kind = AZURE_MANAGED,
			.client = key_host_text(host, "AZURE_CLIENT_ID"),
			.named = wanted == WANT_MANAGED || chain->identity_endpoint.len,
		};
	if ((wanted & WANT_CLI) && host->run)
		chain->candidates[chain->count++] = (struct azure_credential){.kind = AZURE_CLI};
	if (!chain->count)
		return err_set(err, ERR_NO_KEY,
			       "AZURE_TOKEN_CREDENTIALS leaves no Azure credentials here");
	return 0;
}

int azure_ambient_account(const struct key_host *host, struct account *account,
			  struct secret_pool *pool, struct azure_chain *chain, struct err *err)
{
	struct azure_credential *credential = &chain->candidates[0];

	credential->kind = AZURE_ACCOUNT;
	if (read_authority(host, pool, &credential->authority, err) < 0)
		return -1;
	chain->account = account;
	chain->count = 1;
	return 0;
}

static int endpoint(const char *name, struct span value, struct secret_pool *pool, struct span *ret,
		    struct err *err)
{
	struct url url;

	if (url_parse(value, &url, err) < 0) {
		err->code = ERR_USAGE;
		return err_wrap(err, "%s", name);
	}
	while (span_ends(value, SPAN("/")))
		value.len--;
	return secret_dup(pool, value, ret, err);
}

int azure_ambient_endpoints(const struct key_host *host, struct secret_pool *pool,
			    struct azure_chain *chain, struct err *err)
{
	struct span service = key_host_text(host, "IDENTITY_ENDPOINT");
	struct span header = key_host_text(host, "IDENTITY_HEADER");
	struct span imds = key_host_text(host, "AZURE_POD_IDENTITY_AUTHORITY_HOST");

	if (service.len && header.len) {
		chain->identity_header = header;
		if (endpoint("IDENTITY_ENDPOINT", service, pool, &chain->identity_endpoint, err) <
		    0)
			return -1;
	}
	return endpoint("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.len ? imds : SPAN(AZURE_IMDS),
			pool, &chain->imds, err);
}
