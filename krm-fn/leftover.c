/* SPDX-License-Identifier: Apache-2.0
 *
 * The look for ciphertext that is left; see leftover.h.
 */
#include "leftover.h"

#include "item.h"
#include "place.h"

#include "base/text.h"

bool leftover_has_token(struct span text)
{
	static const struct span parts[] = {SPAN(",iv:"), SPAN(",tag:"), SPAN(",type:"), SPAN("]")};
	const struct span begin = SPAN("ENC[AES256_GCM,data:");
	size_t at, i, hit;

	for (;;) {
		struct span line;

		at = span_search(text, begin);
		if (at == SIZE_MAX)
			return false;
		text = span_from(text, at + begin.len);
		line = span_sub(text, 0, span_find(text, 0, '\n'));
		for (i = 0; i < ARRAY_LEN(parts); i++) {
			hit = span_search(line, parts[i]);
			if (hit == SIZE_MAX)
				break;
			line = span_from(line, hit + parts[i].len);
		}
		if (i == ARRAY_LEN(parts))
			return true;
	}
}

static int found(const struct place *place, const char *what, struct err *err)
{
	(void)err_set(err, ERR_VALUE, "%s: %s", place_text(place).text, what);
	return 1;
}

static const char ciphertext_left[] = "ciphertext is left";

/* Keys and strings of a whole tree; comments are outside of every promise. */
static int find_in_tree(const struct doc_node *node, const struct place *up, struct err *err)
{
	struct place place = {.up = up};
	const struct doc_node *kid;
	int r = 0;

	doc_each (kid, node) {
		place.node = kid;
		if (kid->key.data && leftover_has_token(kid->key))
			return found(up, "a key that is ciphertext", err);
		if (kid->kind == DOC_STRING && leftover_has_token(kid->str))
			return found(&place, ciphertext_left, err);
		if (kid->kind == DOC_MAP || kid->kind == DOC_LIST)
			r = find_in_tree(kid, &place, err);
		if (r)
			return r;
		if (kid->kind != DOC_COMMENT)
			place.index++;
	}
	return 0;
}

/* One entry of a Secret's data or stringData. */
static int find_in_value(const struct place *place, bool base64, struct buf *scratch,
			 struct err *err)
{
	const struct doc_node *value = place->node;

	if (span_is(value->key, "sops_mac"))
		return found(place, "the metadata of an encrypted dotenv is left", err);
	if (leftover_has_token(value->key))
		return found(place->up, "a key that is ciphertext", err);
	if (value->kind != DOC_STRING)
		return 0;
	if (leftover_has_token(value->str))
		return found(place, ciphertext_left, err);
	if (!base64)
		return 0;
	buf_reset(scratch);
	/* What is not base64 the API server will refuse: nothing of ours. */
	if (base64_decode(BASE64_GO, value->str, scratch) < 0)
		return 0;
	if (buf_check(scratch, err) < 0)
		return -1;
	return leftover_has_token(buf_span(scratch)) ? found(place, ciphertext_left, err) : 0;
}

static int find_in_values(const struct doc_node *map, bool base64, struct err *err)
{
	CLEAN_BUF struct buf scratch = BUF_INIT(DOC_INPUT_MAX);
	struct place up = {.node = map}, place = {.up = &up};
	const struct doc_node *kid;
	int r;

	if (!map || map->kind != DOC_MAP)
		return 0;
	doc_each (kid, map) {
		place.node = kid;
		if (kid->kind == DOC_COMMENT)
			continue;
		r = find_in_value(&place, base64, &scratch, err);
		if (r)
			return r;
	}
	return 0;
}

static bool names_kind(const struct leftover_scope *scope, struct span kind)
{
	size_t i;

	for (i = 0; i < scope->kind_count; i++) {
		if (span_eq(scope->kinds[i], kind))
			return true;
	}
	return false;
}

int leftover_find(const struct doc_node *item, bool whole, const struct leftover_scope *scope,
		  struct err *err)
{
	const struct doc_node *sops = doc_get(item, "sops");
	bool secret = item_is_secret(item);
	struct place at_sops = {.node = sops};
	int r = 0;

	if (sops && sops->kind != DOC_NULL) {
		/* A Secret with anything called `sops` is what Flux refuses to apply; another kind may have such a field. */
		if (doc_get(sops, "mac"))
			return found(&at_sops, "the metadata of an encrypted resource is left",
				     err);
		if (secret)
			return found(&at_sops, "not a field of a Secret, and no 'sops.mac' in it",
				     err);
		whole = true;
	}
	if (secret) {
		r = find_in_values(doc_get(item, "data"), true, err);
		if (r == 0)
			r = find_in_values(doc_get(item, "stringData"), false, err);
		if (r > 0 && !scope->string_data && strncmp(err->msg, "stringData.", 11) == 0)
			(void)err_hint(err, "'stringData: true' in functionConfig also decrypts "
					    "SOPS documents inside stringData");
	}
	if (r == 0 && (whole || names_kind(scope, doc_get_str(item, "kind"))))
		r = find_in_tree(item, NULL, err);
	return r;
}
