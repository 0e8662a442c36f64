/* SPDX-License-Identifier: Apache-2.0
 *
 * A service account of Kubernetes as Google knows it: by a workload identity provider that its annotation names, or, on GKE, by the cluster's own pool, which
 * the metadata service tells of. Its token is then changed for one of Google's, and that, where an annotation says so, for one of Google's service
 * account. fluxcd/pkg: auth/gcp (provider.go, options.go, gke_metadata.go)
 */
#include "keys/gcp_token_internal.h"

#include "base/text.h"
#include "keys/account.h"

enum { TEXT_MAX = 4096 /* bytes of an audience or URL */, NAME_MAX_LEN = 100 };

#define PROVIDER "gcp.auth.fluxcd.io/workload-identity-provider"
#define EMAIL    "iam.gke.io/gcp-service-account"

static void fail(struct gcp_token *token, struct http *http, const struct err *why)
{
	token_failed(&token->cache, http, why);
}

static struct gcp_token *token_of(struct token_wait *wait)
{
	return (struct gcp_token *)(void *)((char *)wait - offsetof(struct gcp_token, wait));
}

/* Takes the text up to `end` off rest; the rest where there is none. */
static struct span take(struct span *rest, char end)
{
	size_t at = span_find(*rest, 0, (uint8_t)end);
	struct span part = span_sub(*rest, 0, at);

	*rest = span_from(*rest, at + 1);
	return part;
}

/* Letters, digits and "-". */
static bool is_word(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return text.len > 0 && text.len <= NAME_MAX_LEN;
}

/* NAME@PROJECT.iam.gserviceaccount.com: it becomes part of a URL. */
static bool is_email(struct span text)
{
	struct span name = take(&text, '@'), project = take(&text, '.');

	return is_word(name) && is_word(project) && span_is(text, "iam.gserviceaccount.com");
}

/* projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER */
static bool is_provider(struct span text)
{
	struct span projects = take(&text, '/'), number = take(&text, '/');
	struct span locations = take(&text, '/'), global = take(&text, '/');
	struct span pools = take(&text, '/'), pool = take(&text, '/');
	struct span providers = take(&text, '/');
	size_t i;

	for (i = 0; i < number.len && number.data[i] >= '0' && number.data[i] <= '9'; i++)
		;
	return span_is(projects, "projects") && number.len && i == number.len &&
	       span_is(locations, "locations") && span_is(global, "global") &&
	       span_is(pools, "workloadIdentityPools") && pool.len &&
	       span_is(providers, "providers") && text.len && span_find(text, 0, '/') == text.len;
}

static void on_token(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct gcp_token *token = token_of(wait);

	if (why)
		fail(token, http, why);
	else
		gcp_external_exchange(token, http, account_token_text(token->account_token));
}

static void want_token(struct gcp_token *token, struct http *http, struct span audience)
{
	struct err why = ERR_INIT;

	if (account_token_for(token->credential.account, audience, &token->account_token, &why) <
	    0) {
		fail(token, http, &why);
		return;
	}
	token->wait = (struct token_wait){.ready = on_token};
	token_want(account_token_cache(token->account_token), http,
		   token->host->clock(token->host->cookie), &token->wait);
}

/* The cluster's own pool and provider, from all that the metadata service has told. */
static int use_cluster(struct gcp_token *token, struct span cluster, struct buf *audience,
		       struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(TEXT_MAX);
	const struct span project = token->project, location = token->location;

	buf_add_span(audience, project);
	buf_add_str(audience, ".svc.id.goog");
	buf_add_str(&text, "identitynamespace:");
	buf_add_span(&text, buf_span(audience));
	buf_add_str(&text, ":https://container.googleapis.com/v1/projects/");
	buf_add_span(&text, project);
	buf_add_str(&text, "/locations/");
	buf_add_span(&text, location);
	buf_add_str(&text, "/clusters/");
	buf_add_span(&text, cluster);
	if (buf_check(audience, err) < 0 || buf_check(&text, err) < 0)
		return -1;
	return secret_dup(&token->account_pool, buf_span(&text), &token->credential.audience, err);
}

static void have_name(struct gcp_token *token, struct http *http)
{
	CLEAN_BUF struct buf audience = BUF_INIT(TEXT_MAX);
	struct err why = ERR_INIT;
	struct span cluster = gcp_metadata_text(token, &why);

	if (why.code || use_cluster(token, cluster, &audience, &why) < 0)
		fail(token, http, &why);
	else
		want_token(token, http, buf_span(&audience));
}

static void have_location(struct gcp_token *token, struct http *http)
{
	struct err why = ERR_INIT;
	struct span text = gcp_metadata_text(token, &why);

	if (why.code || secret_dup(&token->account_pool, text, &token->location, &why) < 0)
		fail(token, http, &why);
	else
		gcp_metadata_get(token, http, "instance/attributes/cluster-name", have_name);
}

static void have_project(struct gcp_token *token, struct http *http)
{
	struct err why = ERR_INIT;
	struct span text = gcp_metadata_text(token, &why);

	if (why.code || secret_dup(&token->account_pool, text, &token->project, &why) < 0)
		fail(token, http, &why);
	else
		gcp_metadata_get(token, http, "instance/attributes/cluster-location",
				 have_location);
}

/* Where the token is changed, and for whose. */
static int read_annotations(struct gcp_token *token, struct span *ret_provider, struct err *err)
{
	struct gcp_credential *credential = &token->credential;
	const struct account *account = credential->account;
	struct span provider = account_annotation(account, PROVIDER);
	struct span email = account_annotation(account, EMAIL);
	const struct span universe = token->endpoints->universe;
	CLEAN_BUF struct buf text = BUF_INIT(TEXT_MAX);

	if (provider.len && !is_provider(provider))
		return err_set(err, ERR_FORMAT,
			       "annotation '" PROVIDER "' of %s is no workload identity provider",
			       account_called(account));
	if (email.len && !is_email(email))
		return err_set(err, ERR_FORMAT,
			       "annotation '" EMAIL "' of %s is no service account's address",
			       account_called(account));
	secret_pool_release(&token->account_pool);
	token->account_pool = (struct secret_pool)SECRET_POOL_INIT;
	credential->subject_type = SPAN("urn:ietf:params:oauth:token-type:jwt");
	credential->impersonate = SPAN_NULL;
	buf_printf(&text, "https://sts.%.*s/v1/token", (int)universe.len,
		   (const char *)universe.data);
	if (buf_check(&text, err) < 0 ||
	    secret_dup(&token->account_pool, buf_span(&text), &credential->token_url, err) < 0)
		return -1;
	*ret_provider = provider;
	if (!email.len)
		return 0;
	buf_reset(&text);
	buf_printf(&text,
		   "https://iamcredentials.%.*s/v1/projects/-/serviceAccounts/%.*s"
		   ":generateAccessToken",
		   (int)universe.len, (const char *)universe.data, (int)email.len,
		   (const char *)email.data);
	if (buf_check(&text, err) < 0)
		return -1;
	return secret_dup(&token->account_pool, buf_span(&text), &credential->impersonate, err);
}

/* What the token is for, there and at the cluster, is the same. */
static int use_provider(struct gcp_token *token, struct span provider, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(TEXT_MAX);

	buf_add_str(&text, "//iam.googleapis.com/");
	buf_add_span(&text, provider);
	if (buf_check(&text, err) < 0)
		return -1;
	return secret_dup(&token->account_pool, buf_span(&text), &token->credential.audience, err);
}

static void on_account(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct gcp_token *token = token_of(wait);
	struct span provider = SPAN_NULL;
	struct err own = ERR_INIT;

	if (why) {
		fail(token, http, why);
		return;
	}
	if (read_annotations(token, &provider, &own) < 0 ||
	    (provider.len && use_provider(token, provider, &own) < 0))
		fail(token, http, &own);
	else if (provider.len)
		want_token(token, http, token->credential.audience);
	else
		gcp_metadata_get(token, http, "project/project-id", have_project);
}

void gcp_account_ask(struct gcp_token *token, struct http *http)
{
	token->wait = (struct token_wait){.ready = on_account};
	token_want(account_object(token->credential.account), http,
		   token->host->clock(token->host->cookie), &token->wait);
}
