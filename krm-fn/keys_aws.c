/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials for AWS KMS; see keys_aws.h. kustomize-controller: internal/sops/awskms/credentials.go (LoadStaticCredentialsFromYAML), which reads by
 * sigs.k8s.io/yaml: names in any case, unknown ones ignored, null as nothing, the first document only.
 */
#include "keys_aws.h"

#include "base/text.h"
#include "keys.h"
#include "keys/key_aws_kms.h"

#include <strings.h>

static bool is_named(const struct doc_node *node, const char *name)
{
	return node->key.len == strlen(name) &&
	       strncasecmp((const char *)node->key.data, name, node->key.len) == 0;
}

static int read_field(const struct doc_node *map, const char *name, struct span *ret,
		      struct err *err)
{
	const struct doc_node *kid;

	doc_each (kid, map) {
		if (!kid->key.data || !is_named(kid, name) || kid->kind == DOC_NULL)
			continue;
		if (kid->kind != DOC_STRING)
			return err_set(err, ERR_FORMAT, "'%s' is not a text", name);
		*ret = kid->str;
	}
	return 0;
}

/* The reader's own words may hold what it read. It reads maps only. */
static int read_map(struct span value, struct doc *doc, struct err *err)
{
	if (doc_read(DOC_YAML, value, doc, err) == 0)
		return 0;
	if (err->code == ERR_NOMEM)
		return -1;
	return err_set(err, ERR_FORMAT, "it is not a map, in YAML or JSON");
}

int keys_aws_import(const struct key_data *secret, struct span name, struct span value,
		    struct err *err)
{
	const struct doc_node none = {.kind = DOC_MAP}, *map;
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_BUF struct buf from = BUF_INIT(KEYS_SECRET_MAX);
	struct aws_keys keys = {.expires = 0};
	struct key_aws_kms_options options = {.no_profiles = true, .keys = &keys};

	if (read_map(value, &doc, err) < 0)
		return -1;
	map = doc.first ? doc.first : &none;
	buf_printf(&from, "'%s' of Secret '%s'", text_quote(name).text, secret->secret);
	buf_add_char(&from, 0);
	if (buf_check(&from, err) < 0 ||
	    read_field(map, "aws_access_key_id", &keys.access_key, err) < 0 ||
	    read_field(map, "aws_secret_access_key", &keys.secret_key, err) < 0 ||
	    read_field(map, "aws_session_token", &keys.session_token, err) < 0)
		return -1;
	options.from = (const char *)from.data;
	return key_aws_kms_add(secret->ring, &options, err);
}

int keys_aws_ambient(struct keyring *ring, bool flux, struct err *err)
{
	const struct key_aws_kms_options options = {.no_profiles = flux};

	if (!ring->host || !ring->http || (flux && keyring_has(ring, SOPS_KEY_KMS)))
		return 0;
	return key_aws_kms_add(ring, &options, err);
}
