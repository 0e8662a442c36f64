/* SPDX-License-Identifier: Apache-2.0
 *
 * Google's credential files; see gcp_credential.h. A file says where tokens are fetched, and a file that somebody else has written could name a host
 * of his. Differs: only the provider's own are taken, and no file names a command. Go: cloud.google.com/go/auth (credentials/filetypes.go)
 */
#include "keys/gcp_credential.h"

#include "base/text.h"
#include "doc/doc.h"
#include "doc/white.h"
#include "keys/ssh_key.h"
#include "keys/url.h"

/* What reading one file needs. */
struct reading {
	struct span universe;
	struct secret_pool *pool;
	struct gcp_credential *credential;
};

static int keep(struct reading *reading, struct span value, struct span *ret, struct err *err)
{
	return value.len ? secret_dup(reading->pool, value, ret, err) : 0;
}

/* A member that may be missing. */
static int take(struct reading *reading, const struct doc_node *map, const char *name,
		struct span *ret, struct err *err)
{
	const struct doc_node *node = doc_get(map, name);

	if (!node || node->kind == DOC_NULL)
		return 0;
	if (node->kind != DOC_STRING)
		return err_set(err, ERR_FORMAT, "'%s' is not a string", name);
	return keep(reading, node->str, ret, err);
}

static int need(struct reading *reading, const struct doc_node *map, const char *name,
		struct span *ret, struct err *err)
{
	if (take(reading, map, name, ret, err) < 0)
		return -1;
	return ret->len ? 0 : err_set(err, ERR_FORMAT, "no '%s'", name);
}

/* A URL at which something secret is sent: one of the provider's. */
static int need_provider_url(struct reading *reading, const struct doc_node *map, const char *name,
			     struct span *ret, struct err *err)
{
	struct url url;

	if (need(reading, map, name, ret, err) < 0)
		return -1;
	if (url_parse(*ret, &url, err) < 0)
		return err_wrap(err, "'%s'", name);
	if (url.plain || url.port.data || !url_below(url.host, reading->universe))
		return err_set(err, ERR_POLICY,
			       "'%s' is at '%s': nothing is sent but to https://*.%s", name,
			       text_quote(url.authority).text, text_quote(reading->universe).text);
	return 0;
}

static int read_service_account(struct reading *reading, const struct doc_node *map,
				struct err *err)
{
	struct gcp_credential *credential = reading->credential;
	struct span pem = SPAN_NULL;
	struct ssh_key key;

	if (need(reading, map, "client_email", &credential->email, err) < 0 ||
	    take(reading, map, "private_key_id", &credential->key_id, err) < 0 ||
	    need(reading, map, "private_key", &pem, err) < 0)
		return -1;
	if (ssh_key_parse(pem, reading->pool, &key, err) < 0)
		return err_wrap(err, "'private_key'");
	if (key.kind != SSH_KEY_RSA)
		return err_set(err, ERR_FORMAT, "'private_key' is not an RSA key");
	credential->key = key.rsa;
	return 0;
}

static int read_user(struct reading *reading, const struct doc_node *map, struct err *err)
{
	struct gcp_credential *credential = reading->credential;

	if (need(reading, map, "client_id", &credential->client_id, err) < 0 ||
	    need(reading, map, "client_secret", &credential->client_secret, err) < 0)
		return -1;
	return need(reading, map, "refresh_token", &credential->refresh_token, err);
}

static int read_external_user(struct reading *reading, const struct doc_node *map, struct err *err)
{
	if (read_user(reading, map, err) < 0)
		return -1;
	return need_provider_url(reading, map, "token_url", &reading->credential->token_url, err);
}

static int read_url_headers(struct reading *reading, const struct doc_node *source, struct err *err)
{
	struct gcp_credential *credential = reading->credential;
	const struct doc_node *map = doc_get(source, "headers"), *node;

	if (!map || map->kind != DOC_MAP)
		return 0;
	for (node = map->kids.first; node; node = node->next) {
		struct span *pair = credential->url_headers[credential->url_header_count];

		if (node->kind != DOC_STRING || !node->key.len)
			return err_set(err, ERR_FORMAT, "'headers' are not strings");
		if (credential->url_header_count++ == GCP_URL_HEADERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d 'headers'",
				       GCP_URL_HEADERS_MAX);
		if (keep(reading, node->key, &pair[0], err) < 0 ||
		    keep(reading, node->str, &pair[1], err) < 0)
			return -1;
	}
	return 0;
}

/* {type: text} or {type: json, subject_token_field_name: ...} */
static int read_source_format(struct reading *reading, const struct doc_node *source,
			      struct err *err)
{
	const struct doc_node *format = doc_get(source, "format");
	struct span type;

	if (!format || format->kind != DOC_MAP)
		return 0;
	type = doc_get_str(format, "type");
	if (!type.len || span_is(type, "text"))
		return 0;
	if (!span_is(type, "json"))
		return err_set(err, ERR_UNSUPPORTED, "credential_source format '%s'",
			       text_quote(type).text);
	return need(reading, format, "subject_token_field_name", &reading->credential->field, err);
}

/* Where the other's token is. */
static int read_source(struct reading *reading, const struct doc_node *source, struct err *err)
{
	struct gcp_credential *credential = reading->credential;
	struct url url;

	if (!source || source->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "no 'credential_source'");
	if (doc_get(source, "executable"))
		return err_set(err, ERR_POLICY,
			       "its 'credential_source' is a command: none is run for a file");
	if (doc_get(source, "environment_id") || doc_get(source, "certificate"))
		return err_set(err, ERR_UNSUPPORTED,
			       "its 'credential_source' is neither a file nor a URL");
	if (take(reading, source, "file", &credential->file, err) < 0 ||
	    take(reading, source, "url", &credential->url, err) < 0 ||
	    read_source_format(reading, source, err) < 0)
		return -1;
	if (!credential->file.len == !credential->url.len)
		return err_set(err, ERR_FORMAT,
			       "its 'credential_source' is neither a file nor a URL");
	if (credential->file.len)
		return 0;
	if (url_parse(credential->url, &url, err) < 0)
		return err_wrap(err, "'url' of 'credential_source'");
	if (url.plain && !url_link_local(&url))
		return err_set(err, ERR_POLICY,
			       "its 'credential_source' is a URL without TLS at '%s'",
			       text_quote(url.host).text);
	return read_url_headers(reading, source, err);
}

static int read_external(struct reading *reading, const struct doc_node *map, struct err *err)
{
	struct gcp_credential *credential = reading->credential;
	const struct doc_node *more = doc_get(map, "service_account_impersonation"), *lifetime;

	if (need(reading, map, "audience", &credential->audience, err) < 0 ||
	    need(reading, map, "subject_token_type", &credential->subject_type, err) < 0 ||
	    need_provider_url(reading, map, "token_url", &credential->token_url, err) < 0 ||
	    take(reading, map, "client_id", &credential->client_id, err) < 0 ||
	    take(reading, map, "client_secret", &credential->client_secret, err) < 0 ||
	    take(reading, map, "workforce_pool_user_project", &credential->workforce_project, err) <
		    0)
		return -1;
	if (doc_get(map, "service_account_impersonation_url") &&
	    need_provider_url(reading, map, "service_account_impersonation_url",
			      &credential->impersonate, err) < 0)
		return -1;
	lifetime = more && more->kind == DOC_MAP ? doc_get(more, "token_lifetime_seconds") : NULL;
	if (lifetime && (lifetime->kind != DOC_INT || lifetime->integer < 0))
		return err_set(err, ERR_FORMAT, "'token_lifetime_seconds' is not a number");
	credential->lifetime = lifetime ? lifetime->integer : 0;
	return read_source(reading, doc_get(map, "credential_source"), err);
}

static int read_delegates(struct reading *reading, const struct doc_node *list, struct err *err)
{
	struct gcp_credential *credential = reading->credential;
	const struct doc_node *node;

	if (!list || list->kind != DOC_LIST)
		return 0;
	for (node = list->kids.first; node; node = node->next) {
		if (node->kind != DOC_STRING)
			return err_set(err, ERR_FORMAT, "'delegates' are not strings");
		if (credential->delegate_count == GCP_DELEGATES_MAX)
			return err_set(err, ERR_LIMIT, "more than %d 'delegates'",
				       GCP_DELEGATES_MAX);
		if (keep(reading, node->str, &credential->delegates[credential->delegate_count++],
			 err) < 0)
			return -1;
	}
	return 0;
}

static int read_any(struct reading *reading, const struct doc_node *map, bool nested,
		    struct err *err);

/* Another credential's token, changed for a service account's. */
static int read_impersonated(struct reading *reading, const struct doc_node *map, struct err *err)
{
	const struct doc_node *source = doc_get(map, "source_credentials");

	if (!source || source->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "no 'source_credentials'");
	if (read_any(reading, source, true, err) < 0)
		return err_wrap(err, "'source_credentials'");
	if (reading->credential->impersonate.len)
		return err_set(err, ERR_UNSUPPORTED,
			       "'source_credentials' that stand for another account themselves");
	if (need_provider_url(reading, map, "service_account_impersonation_url",
			      &reading->credential->impersonate, err) < 0)
		return -1;
	return read_delegates(reading, doc_get(map, "delegates"), err);
}

static const struct {
	const char *type;
	enum gcp_kind kind;
	int (*read)(struct reading *reading, const struct doc_node *map, struct err *err);
} types[] = {
	{"service_account", GCP_SERVICE_ACCOUNT, read_service_account},
	{"authorized_user", GCP_USER, read_user},
	{"external_account", GCP_EXTERNAL, read_external},
	{"external_account_authorized_user", GCP_EXTERNAL_USER, read_external_user},
};

static int read_any(struct reading *reading, const struct doc_node *map, bool nested,
		    struct err *err)
{
	struct span type = doc_get_str(map, "type"), universe = doc_get_str(map, "universe_domain");
	size_t i;

	if (!type.len)
		return err_set(err, ERR_FORMAT, "no 'type'");
	if (universe.len && !span_eq(universe, reading->universe))
		return err_set(err, ERR_POLICY, "it is for '%s', not for '%s'",
			       text_quote(universe).text, text_quote(reading->universe).text);
	if (take(reading, map, "quota_project_id", &reading->credential->quota_project, err) < 0)
		return -1;
	if (!nested && span_is(type, "impersonated_service_account"))
		return read_impersonated(reading, map, err);
	for (i = 0; i < ARRAY_LEN(types); i++) {
		if (!span_is(type, types[i].type))
			continue;
		reading->credential->kind = types[i].kind;
		return types[i].read(reading, map, err);
	}
	return err_set(err, ERR_UNSUPPORTED, "credentials of type '%s'", text_quote(type).text);
}

int gcp_credential_parse(struct span json, struct span universe, struct secret_pool *pool,
			 struct gcp_credential *ret_credential, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct gcp_credential credential = {.kind = GCP_ACCESS_TOKEN};
	struct reading reading = {.universe = universe, .pool = pool, .credential = &credential};
	struct err hidden = ERR_INIT;
	bool read;

	if (json.len > GCP_CREDENTIAL_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", GCP_CREDENTIAL_MAX);
	read = doc_read(DOC_JSON, json, &doc, &hidden) == 0;
	if (!read && hidden.code == ERR_NOMEM)
		return err_nomem(err);
	/* A syntax error's message may show what it stands beside. What stands behind the object is for the documents' reader none of its business. */
	if (!read || white_trim(span_from(json, doc.first->end)).len)
		return err_set(err, ERR_FORMAT, "not a JSON object");
	if (read_any(&reading, doc.first, false, err) < 0)
		return -1;
	*ret_credential = credential;
	return 0;
}
