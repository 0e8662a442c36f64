/* SPDX-License-Identifier: Apache-2.0
 *
 * The one-line name of a master key; see key_text.h.
 */
#include "key_text.h"

#include <stdlib.h>

enum {
	CONTEXT_MAX =
		256 /* entries of an encryption context that a name shows; AWS takes far fewer */
};

static int compare(const void *a, const void *b)
{
	const struct doc_node *x = *(const struct doc_node *const *)a;
	const struct doc_node *y = *(const struct doc_node *const *)b;
	size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
	int r = len ? memcmp(x->key.data, y->key.data, len) : 0;

	return r ? r : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

/* "a:1,b:2" by key, as the entries of the file may stand in any order. sops: kms/keysource.go (kmsContextToString) */
static void add_context(const struct doc_node *context, struct buf *out)
{
	const struct doc_node *entries[CONTEXT_MAX], *entry;
	size_t n = 0, i;

	doc_each (entry, context) {
		if (entry->key.data && entry->kind == DOC_STRING && n < CONTEXT_MAX)
			entries[n++] = entry;
	}
	qsort(entries, n, sizeof(*entries), compare);
	for (i = 0; i < n; i++) {
		if (i)
			buf_add_char(out, ',');
		buf_add_span(out, entries[i]->key);
		buf_add_char(out, ':');
		buf_add_span(out, entries[i]->str);
	}
}

static void add_kms(const struct sops_key *key, struct buf *out)
{
	bool context = key->context && key->context->kind == DOC_MAP && key->context->kids.first;

	buf_add_span(out, key->id);
	if (key->role.len) {
		buf_add_char(out, '+');
		buf_add_span(out, key->role);
	}
	if (context || key->profile.len)
		buf_add_char(out, '|');
	if (context)
		add_context(key->context, out);
	if (key->profile.len) {
		buf_add_char(out, '|');
		buf_add_span(out, key->profile);
	}
}

void key_text_add(const struct sops_key *key, struct buf *out)
{
	switch (key->type) {
	case SOPS_KEY_KMS:
		add_kms(key, out);
		break;
	case SOPS_KEY_AZURE_KV:
		buf_add_span(out, key->address);
		buf_add_str(out, "/keys/");
		buf_add_span(out, key->id);
		buf_add_char(out, '/');
		buf_add_span(out, key->path);
		break;
	case SOPS_KEY_HC_VAULT:
		buf_add_span(out, key->address);
		buf_add_str(out, "/v1/");
		buf_add_span(out, key->path);
		buf_add_str(out, "/keys/");
		buf_add_span(out, key->id);
		break;
	default:
		buf_add_span(out, key->id);
	}
}
