/* SPDX-License-Identifier: Apache-2.0
 *
 * Flux's `sops.azure-kv`; see azure_credential.h. Which members are there decides what it is, the first row of the table that fits; so a file that az
 * wrote for a service principal is one, too.
 */
#include "keys/azure_credential.h"

#include "base/text.h"
#include "doc/doc.h"
#include "keys/url.h"

#include <inttypes.h>
#include <strings.h>

enum field {
	TENANT_ID,
	CLIENT_ID,
	CLIENT_SECRET,
	CERTIFICATE,
	PASSWORD,
	TENANT,
	APP_ID,
	APP_PASSWORD,
	AUTHORITY,
	FIELDS
};

static const char *const names[FIELDS] = {
	[TENANT_ID] = "tenantId",
	[CLIENT_ID] = "clientId",
	[CLIENT_SECRET] = "clientSecret",
	[CERTIFICATE] = "clientCertificate",
	[PASSWORD] = "clientCertificatePassword",
	[TENANT] = "tenant",
	[APP_ID] = "appId",
	[APP_PASSWORD] = "password",
	[AUTHORITY] = "authorityHost",
};
static const char send_chain[] = "clientCertificateSendChain";

static bool is_named(struct span key, const char *name)
{
	return key.len == strlen(name) && strncasecmp((const char *)key.data, name, key.len) == 0;
}

/* A member of a type that Go makes a text of: sigs.k8s.io/yaml does so with numbers and booleans. */
static int text_of(const struct doc_node *node, struct secret_pool *pool, struct span *ret,
		   struct err *err)
{
	CLEAN_BUF struct buf number = BUF_INIT(AZURE_DATA_MAX);

	switch (node->kind) {
	case DOC_NULL:
		*ret = SPAN_NULL;
		return 0;
	case DOC_STRING:
		return node->str.len ? secret_dup(pool, node->str, ret, err) : 0;
	case DOC_INT:
		buf_printf(&number, "%" PRId64, node->integer);
		break;
	case DOC_BOOL:
		buf_add_str(&number, node->boolean ? "true" : "false");
		break;
	default:
		return err_set(err, ERR_FORMAT, "'%s' is not a string", text_quote(node->key).text);
	}
	if (buf_check(&number, err) < 0)
		return -1;
	return secret_dup(pool, buf_span(&number), ret, err);
}

static int read_fields(const struct doc_node *map, struct secret_pool *pool,
		       struct span fields[FIELDS], bool *ret_send, struct err *err)
{
	const struct doc_node *node;
	size_t i;

	for (node = map->kids.first; node; node = node->next) {
		if (node->kind == DOC_COMMENT)
			continue;
		if (is_named(node->key, send_chain)) {
			if (node->kind != DOC_BOOL && node->kind != DOC_NULL)
				return err_set(err, ERR_FORMAT, "'%s' is not a boolean",
					       send_chain);
			*ret_send = node->kind == DOC_BOOL && node->boolean;
		}
		for (i = 0; i < FIELDS; i++) {
			if (is_named(node->key, names[i]) &&
			    text_of(node, pool, &fields[i], err) < 0)
				return -1;
		}
	}
	return 0;
}

int azure_authority_keep(struct span text, struct secret_pool *pool, struct span *ret_authority,
			 struct err *err)
{
	CLEAN_BUF struct buf address = BUF_INIT(AZURE_DATA_MAX);

	if (url_given("authority host", text, &address, err) < 0)
		return -1;
	return secret_dup(pool, buf_span(&address), ret_authority, err);
}

static int choose(struct span fields[FIELDS], struct secret_pool *pool,
		  struct azure_credential *credential, struct err *err)
{
	if (fields[TENANT_ID].len && fields[CLIENT_ID].len && fields[CLIENT_SECRET].len) {
		credential->kind = AZURE_SECRET;
		credential->secret = fields[CLIENT_SECRET];
	} else if (fields[TENANT_ID].len && fields[CLIENT_ID].len && fields[CERTIFICATE].len) {
		credential->kind = AZURE_CERTIFICATE;
		if (azure_certificate_load(fields[CERTIFICATE], fields[PASSWORD], pool, credential,
					   err) < 0)
			return err_wrap(err, "'%s'", names[CERTIFICATE]);
	} else if (fields[TENANT].len && fields[APP_ID].len && fields[APP_PASSWORD].len) {
		credential->kind = AZURE_SECRET;
		credential->secret = fields[APP_PASSWORD];
		credential->tenant = fields[TENANT];
		credential->client = fields[APP_ID];
	} else if (fields[CLIENT_ID].len) {
		credential->kind = AZURE_MANAGED;
		credential->named = true;
	} else {
		return err_set(
			err, ERR_FORMAT,
			"invalid data: requires a 'clientId' field, a combination of "
			"'tenantId', 'clientId' and 'clientSecret', a combination of "
			"'tenantId', 'clientId' and 'clientCertificate', or a combination of "
			"'tenant', 'appId' and 'password'");
	}
	return 0;
}

int azure_credential_parse(struct span text, struct secret_pool *pool,
			   struct azure_credential *ret_credential, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct azure_credential credential = {.kind = AZURE_MANAGED};
	struct span fields[FIELDS] = {SPAN_NULL};
	struct err hidden = ERR_INIT;

	if (text.len > AZURE_DATA_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", AZURE_DATA_MAX);
	if (doc_read(DOC_YAML, text, &doc, &hidden) < 0) {
		if (hidden.code == ERR_NOMEM)
			return err_nomem(err);
		/* a syntax error's message may show what it stands beside */
		return err_set(err, ERR_FORMAT, "neither a YAML nor a JSON map");
	}
	if (doc.first && read_fields(doc.first, pool, fields, &credential.send_chain, err) < 0)
		return -1;
	credential.tenant = fields[TENANT_ID];
	credential.client = fields[CLIENT_ID];
	if (choose(fields, pool, &credential, err) < 0 ||
	    azure_authority_keep(fields[AUTHORITY].len ? fields[AUTHORITY] : SPAN(AZURE_AUTHORITY),
				 pool, &credential.authority, err) < 0)
		return -1;
	*ret_credential = credential;
	return 0;
}
