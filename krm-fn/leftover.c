/* SPDX-License-Identifier: Apache-2.0
 *
 * The look for ciphertext that is left; see leftover.h.
 */
#include "leftover.h"

#include "item.h"
#include "place.h"

#include "base/text.h"
#include "sops/sops_value.h"

/* stand_in: a whole token that is none to us, or a null span. */
static bool has_token(struct span text, struct span stand_in)
{
	static const struct span parts[] = {SPAN(",iv:"), SPAN(",tag:"), SPAN(",type:"), SPAN("]")};
	size_t at, end, i, hit;

	for (;;) {
		struct span line;

		at = span_search(text, SOPS_VALUE_BEGIN);
		if (at == SIZE_MAX)
			return false;
		text = span_from(text, at);
		if (stand_in.len && span_starts(text, stand_in)) {
			text = span_from(text, stand_in.len);
			continue;
		}
		text = span_from(text, SOPS_VALUE_BEGIN.len);
		end = span_find(text, 0, '\n');
		line = span_sub(text, 0, end);
		for (i = 0; i < ARRAY_LEN(parts); i++) {
			hit = span_search(line, parts[i]);
			if (hit == SIZE_MAX)
				break;
			line = span_from(line, hit + parts[i].len);
		}
		if (i == ARRAY_LEN(parts))
			return true;
		/* What is not behind the line's first beginning is behind no later one either. To look from each would take the square of
		 * the time, on a line that repeats it. */
		text = span_from(text, end);
	}
}

bool leftover_has_token(struct span text)
{
	return has_token(text, SPAN_NULL);
}

static int found(const struct place *place, const char *what, struct err *err)
{
	(void)err_set(err, ERR_VALUE, "%s: %s", place_text(place).text, what);
	return 1;
}

static const char ciphertext_left[] = "ciphertext is left";

/* Is what is left in stringData a whole document? Its metadata says lastmodified, in every format; a token alone no config would decrypt. */
static bool holds_document(const struct doc_node *text)
{
	const struct doc_node *kid;

	doc_each (kid, text) {
		if (kid->kind == DOC_STRING && leftover_has_token(kid->str) &&
		    span_search(kid->str, SPAN("lastmodified")) != SIZE_MAX)
			return true;
	}
	return false;
}

/* Keys and strings of a whole tree; comments are outside of every promise. */
static int find_in_tree(const struct doc_node *node, const struct place *up,
			const struct leftover_scope *scope, struct err *err)
{
	struct place place = {.up = up};
	const struct doc_node *kid;
	int r = 0;

	doc_each (kid, node) {
		place.node = kid;
		if (kid->key.data && has_token(kid->key, scope->stand_in))
			return found(up, "a key that is ciphertext", err);
		if (kid->kind == DOC_STRING && has_token(kid->str, scope->stand_in))
			return found(&place, ciphertext_left, err);
		if (kid->kind == DOC_MAP || kid->kind == DOC_LIST)
			r = find_in_tree(kid, &place, scope, err);
		if (r)
			return r;
		if (kid->kind != DOC_COMMENT)
			place.index++;
	}
	return 0;
}

static int find_in_values(const struct place *map, bool base64, const struct leftover_scope *scope,
			  struct err *err);

/* One entry of a Secret's data or stringData. */
static int find_in_value(const struct place *place, bool base64, const struct leftover_scope *scope,
			 struct buf *scratch, struct err *err)
{
	const struct doc_node *value = place->node;

	if (span_is(value->key, "sops_mac"))
		return found(place, "the metadata of an encrypted dotenv is left", err);
	if (has_token(value->key, scope->stand_in))
		return found(place->up, "a key that is ciphertext", err);
	/* No value of a Secret, but what a merge key (`<<`) brings along. */
	if (value->kind == DOC_MAP || value->kind == DOC_LIST)
		return find_in_values(place, base64, scope, err);
	if (value->kind != DOC_STRING)
		return 0;
	if (has_token(value->str, scope->stand_in))
		return found(place, ciphertext_left, err);
	if (!base64)
		return 0;
	buf_reset(scratch);
	/* What is not base64 the API server will refuse: nothing of ours. */
	if (base64_decode(BASE64_GO, value->str, scratch) < 0)
		return 0;
	if (buf_check(scratch, err) < 0)
		return -1;
	return has_token(buf_span(scratch), scope->stand_in) ? found(place, ciphertext_left, err)
							     : 0;
}

static int find_in_values(const struct place *map, bool base64, const struct leftover_scope *scope,
			  struct err *err)
{
	CLEAN_BUF struct buf scratch = BUF_INIT(DOC_INPUT_MAX);
	struct place place = {.up = map};
	const struct doc_node *kid;
	int r;

	doc_each (kid, map->node) {
		place.node = kid;
		if (kid->kind == DOC_COMMENT)
			continue;
		r = find_in_value(&place, base64, scope, &scratch, err);
		if (r)
			return r;
		place.index++;
	}
	return 0;
}

static int find_in_secret(const struct doc_node *item, const struct place *up,
			  const struct leftover_scope *scope, struct err *err)
{
	struct place data = {.node = doc_get(item, "data"), .up = up};
	struct place text = {.node = doc_get(item, "stringData"), .up = up};
	int r = 0;

	if (data.node && data.node->kind == DOC_MAP)
		r = find_in_values(&data, true, scope, err);
	if (r == 0 && text.node && text.node->kind == DOC_MAP)
		r = find_in_values(&text, false, scope, err);
	return r;
}

/* What a merge key brings into an item, its kind perhaps: looked at as a Secret. kustomize sends no such keys, but manifests may have them,
 * and whoever applies these follows them. */
static int find_in_merged(const struct place *merged, const struct leftover_scope *scope,
			  struct err *err)
{
	struct place place = {.up = merged};
	const struct doc_node *kid;
	int r = 0;

	if (!merged->node)
		return 0;
	if (merged->node->kind == DOC_LIST) {
		doc_each (kid, merged->node) {
			place.node = kid;
			r = r ? r : find_in_merged(&place, scope, err);
			place.index++;
		}
		return r;
	}
	if (merged->node->kind != DOC_MAP)
		return 0;
	place.node = doc_get(merged->node, "<<");
	r = find_in_secret(merged->node, merged, scope, err);
	return r ? r : find_in_merged(&place, scope, err);
}

/* What a ConfigMap has in base64, beside all that is looked at as it is. */
static int find_in_binary(const struct doc_node *item, const struct leftover_scope *scope,
			  struct err *err)
{
	struct place binary = {.node = doc_get(item, "binaryData")};

	if (!item_is(item, "", "ConfigMap") || !binary.node || binary.node->kind != DOC_MAP)
		return 0;
	return find_in_values(&binary, true, scope, err);
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
	struct place at_sops = {.node = sops}, merged = {.node = doc_get(item, "<<")};
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
		r = find_in_secret(item, NULL, scope, err);
		if (r > 0 && !scope->string_data && strncmp(err->msg, "stringData.", 11) == 0 &&
		    holds_document(doc_get(item, "stringData")))
			(void)err_hint(err, "'stringData: true' in functionConfig also decrypts "
					    "SOPS documents inside stringData");
	}
	if (r == 0)
		r = find_in_merged(&merged, scope, err);
	if (r || !(whole || merged.node || names_kind(scope, doc_get_str(item, "kind"))))
		return r;
	r = find_in_binary(item, scope, err);
	return r ? r : find_in_tree(item, NULL, scope, err);
}
