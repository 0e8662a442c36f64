/* SPDX-License-Identifier: Apache-2.0
 *
 * Stand-ins for what is encrypted; see flux_placeholder.h.
 */
#include "flux_placeholder.h"

#include "item.h"

#include "base/text.h"
#include "sops/sops_meta.h"
#include "sops/sops_value.h"

enum {
	HASH_LEN = 10,        /* characters that kustomize adds to a name */
	NAME_MAX_BYTES = 253, /* of a Kubernetes name */
};

static void stand_in(struct doc_node *parent, bool *changed)
{
	struct doc_node *kid;

	doc_each (kid, parent) {
		if (kid->kind == DOC_MAP || kid->kind == DOC_LIST) {
			stand_in(kid, changed);
		} else if ((kid->kind == DOC_STRING || kid->kind == DOC_COMMENT) &&
			   sops_value_is(kid->str)) {
			kid->str = SPAN(FLUX_PLACEHOLDER);
			*changed = true;
		}
	}
}

int flux_placeholder_text(struct span text, enum doc_format in_format, enum doc_format out_format,
			  struct buf *out, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_style style = {.yaml_indent = 0};
	struct sops_meta meta = {.mac = SPAN_NULL};
	struct doc_node *branch;
	bool changed = false;

	if (in_format == DOC_BINARY || out_format == DOC_BINARY) {
		buf_add_str(out, FLUX_PLACEHOLDER);
		return buf_check(out, err);
	}
	if (doc_read(in_format, text, &doc, err) < 0 ||
	    sops_meta_take(&doc, in_format, &meta, err) < 0)
		return -1;
	for (branch = doc.first; branch; branch = branch->next)
		stand_in(branch, &changed);
	return doc_write(out_format, &doc, &style, out, err);
}

static int stand_in_value(struct arena *arena, const struct find_hit *hit, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX);
	CLEAN_BUF struct buf encoded = BUF_INIT((size_t)2 * DOC_INPUT_MAX);

	if (flux_placeholder_text(hit->input, hit->in_format, hit->out_format, &text, err) < 0)
		return err_wrap(err, "%s", hit->label);
	base64_encode(buf_span(&text), true, &encoded);
	if (buf_check(&encoded, err) < 0)
		return -1;
	return arena_dup(arena, buf_span(&encoded), &hit->node->str, err);
}

static int stand_in_object(struct manifests *manifests, struct doc_node *object, bool *ret_changed,
			   struct err *err)
{
	const struct find_options options = {.flux = true};
	CLEAN_FIND struct find find = FIND_INIT;
	size_t i;

	if (find_in_item(&find, object, &options, err) < 0)
		return -1;
	for (i = 0; i < find.count; i++) {
		const struct find_hit *hit = &find.hits[i];

		*ret_changed = true;
		if (hit->kind == FIND_WHOLE) {
			doc_remove(object, hit->node);
			stand_in(object, ret_changed);
		} else if (hit->kind == FIND_VALUE &&
			   stand_in_value(&manifests->doc.arena, hit, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int flux_placeholder_objects(struct manifests *manifests, bool *ret_changed, struct err *err)
{
	struct doc_node *object;
	size_t i;

	for (object = manifests->doc.first, i = 0; object; object = object->next, i++) {
		ret_changed[i] = false;
		if (stand_in_object(manifests, object, &ret_changed[i], err) < 0)
			return -1;
	}
	return 0;
}

static bool is_name_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* kustomize: api/hasher/hasher.go */
size_t flux_placeholder_hash(struct span name)
{
	size_t i;

	if (name.len <= HASH_LEN + 1 || name.data[name.len - HASH_LEN - 1] != '-')
		return 0;
	for (i = name.len - HASH_LEN; i < name.len; i++) {
		if (!strchr("2456789bcdfghkmt", name.data[i]))
			return 0;
	}
	return HASH_LEN + 1;
}

static bool holds_stand_in(const struct doc_node *data)
{
	CLEAN_BUF struct buf bytes = BUF_INIT((size_t)DOC_INPUT_MAX);
	const struct doc_node *kid;
	bool found = false;

	if (!data || data->kind != DOC_MAP)
		return false;
	doc_each (kid, data) {
		buf_reset(&bytes);
		found = found ||
			(kid->kind == DOC_STRING &&
			 base64_decode(BASE64_GO, kid->str, &bytes) == 0 &&
			 span_search(buf_span(&bytes), SPAN("data:placeholder,")) != SIZE_MAX);
	}
	return found;
}

/* Appends text with the name's hash replaced wherever the name stands alone. */
static void rename_in(struct span text, struct span name, struct buf *out)
{
	size_t hit;

	for (;;) {
		bool alone;

		hit = span_search(text, name);
		if (hit == SIZE_MAX)
			break;
		alone = (hit == 0 || !is_name_char(text.data[hit - 1])) &&
			(hit + name.len == text.len || !is_name_char(text.data[hit + name.len]));
		buf_add_span(out, span_sub(text, 0, hit + name.len - (alone ? HASH_LEN : 0)));
		if (alone)
			buf_add_str(out, "placeholder");
		text = span_from(text, hit + name.len);
	}
	buf_add_span(out, text);
}

int flux_placeholder_names(struct span text, struct buf *out, struct err *err)
{
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEAN_BUF struct buf now = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	size_t i;

	if (manifests_read(text, "the build", &manifests, err) < 0)
		return -1;
	buf_add_span(&now, text);
	for (i = 0; i < manifests.count; i++) {
		CLEAN_BUF struct buf next = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
		const struct doc_node *item = manifests.items[i];

		if (!item_is_secret(item) || !flux_placeholder_hash(item_name(item)) ||
		    item_name(item).len > NAME_MAX_BYTES || !holds_stand_in(doc_get(item, "data")))
			continue;
		rename_in(buf_span(&now), item_name(item), &next);
		if (buf_check(&next, err) < 0)
			return -1;
		buf_move(&now, &next);
	}
	buf_add_span(out, buf_span(&now));
	return buf_check(out, err);
}
