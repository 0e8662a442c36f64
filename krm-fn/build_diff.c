/* SPDX-License-Identifier: Apache-2.0
 *
 * Two builds side by side; see build_diff.h.
 */
#include "build_diff.h"

#include "flux_placeholder.h"
#include "item.h"
#include "place.h"

#include "base/text.h"
#include "doc/yaml_style.h"

#include <stdlib.h>

int build_secrets_add(struct build_secrets *secrets, struct span text, struct err *err)
{
	struct span *list;

	if (!text.len)
		return 0;
	list = arena_grow(&secrets->arena, secrets->list, secrets->count, &secrets->cap,
			  sizeof(*list), err);
	if (!list)
		return -1;
	secrets->list = list;
	if (arena_dup(&secrets->arena, text, &list[secrets->count], err) < 0)
		return -1;
	secrets->count++;
	return 0;
}

int build_secrets_add_opened(struct build_secrets *secrets, const struct doc_node *node,
			     struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	const struct doc_node *kid;

	if (node->kind == DOC_STRING && (node->flags & DOC_OPENED))
		return build_secrets_add(secrets, node->str, err);
	if (node->kind != DOC_MAP && node->kind != DOC_LIST) {
		if (!(node->flags & DOC_OPENED) || node->kind == DOC_COMMENT)
			return 0;
		/* A number, as it is printed. */
		return yaml_scalar_add_line(node, &text, err) < 0
			       ? -1
			       : build_secrets_add(secrets, buf_span(&text), err);
	}
	doc_each (kid, node) {
		if (build_secrets_add_opened(secrets, kid, err) < 0)
			return -1;
	}
	return 0;
}

void build_secrets_release(struct build_secrets *secrets)
{
	arena_release(&secrets->arena);
	secrets->list = NULL;
	secrets->count = secrets->cap = 0;
}

static bool is_part_of(struct span secret, struct span text)
{
	return span_eq(secret, text) ||
	       (secret.len >= BUILD_DIFF_SECRET_MIN && span_search(text, secret) != SIZE_MAX);
}

static bool is_secret(const struct build_secrets *secrets, const struct doc_node *node)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	bool scalar = node->kind != DOC_MAP && node->kind != DOC_LIST && node->kind != DOC_STRING;
	struct err err = ERR_INIT;
	size_t i;

	/* Where there is no memory for it, it is not shown. */
	if (scalar && yaml_scalar_add_line(node, &text, &err) < 0)
		return true;
	for (i = 0; i < secrets->count; i++) {
		if ((scalar && span_eq(secrets->list[i], buf_span(&text))) ||
		    (node->kind == DOC_STRING && is_part_of(secrets->list[i], node->str)))
			return true;
	}
	return false;
}

/* A comparison of two objects. */
struct pair {
	const struct build_secrets *secrets;
	const char *label;
	bool is_secret, told;
	struct buf *out;
};

/* data and stringData of a Secret, and what is below them. */
static bool is_masked_place(const struct pair *pair, const struct place *place)
{
	while (place->up)
		place = place->up;
	return pair->is_secret && place->node->key.data &&
	       (span_is(place->node->key, "data") || span_is(place->node->key, "stringData"));
}

static void add_value(const struct pair *pair, const struct doc_node *node, bool mask)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	struct err err = ERR_INIT;
	struct span shown;

	if (node->kind == DOC_MAP || node->kind == DOC_LIST) {
		buf_add_str(pair->out, node->kind == DOC_MAP ? "{...}" : "[...]");
		return;
	}
	if (mask || yaml_scalar_add_line(node, &text, &err) < 0) {
		buf_add_str(pair->out, BUILD_DIFF_MASK);
		return;
	}
	shown = span_sub(buf_span(&text), 0, BUILD_DIFF_SHOWN_MAX);
	buf_add_span(pair->out, shown);
	if (shown.len < text.len)
		buf_add_str(pair->out, "...");
}

static void tell(struct pair *pair, const struct place *place, const struct doc_node *before,
		 const struct doc_node *after)
{
	bool mask = is_masked_place(pair, place) || (before && is_secret(pair->secrets, before)) ||
		    (after && is_secret(pair->secrets, after));

	if (!pair->told)
		buf_printf(pair->out, "~ %s\n", pair->label);
	pair->told = true;
	buf_printf(pair->out, "    %s: ", place_text(place).text);
	if (before)
		add_value(pair, before, mask);
	buf_add_str(pair->out, before && after ? " -> " : before ? " (removed)" : "");
	if (after)
		add_value(pair, after, mask);
	buf_add_str(pair->out, !before ? " (added)\n" : mask && after ? " (changed)\n" : "\n");
}

static bool same_scalar(const struct doc_node *a, const struct doc_node *b)
{
	CLEAN_BUF struct buf one = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	CLEAN_BUF struct buf two = BUF_INIT((size_t)2 * DOC_INPUT_MAX);
	struct err err = ERR_INIT;

	if (a->kind != b->kind)
		return false;
	if (a->kind == DOC_STRING)
		return span_eq(a->str, b->str);
	return yaml_scalar_add_line(a, &one, &err) == 0 &&
	       yaml_scalar_add_line(b, &two, &err) == 0 && span_eq(buf_span(&one), buf_span(&two));
}

static const struct doc_node *entry(const struct doc_node *map, struct span key)
{
	const struct doc_node *kid;

	doc_each (kid, map) {
		if (kid->key.data && span_eq(kid->key, key))
			return kid;
	}
	return NULL;
}

static void compare(struct pair *pair, const struct place *up, const struct doc_node *before,
		    const struct doc_node *after);

static void compare_maps(struct pair *pair, const struct place *up, const struct doc_node *before,
			 const struct doc_node *after)
{
	struct place place = {.up = up};
	const struct doc_node *kid, *other;

	doc_each (kid, before) {
		place.node = kid;
		other = kid->key.data ? entry(after, kid->key) : NULL;
		if (other)
			compare(pair, &place, kid, other);
		else if (kid->kind != DOC_COMMENT)
			tell(pair, &place, kid, NULL);
	}
	doc_each (kid, after) {
		place.node = kid;
		if (kid->kind != DOC_COMMENT && kid->key.data && !entry(before, kid->key))
			tell(pair, &place, NULL, kid);
	}
}

static const struct doc_node *skip(const struct doc_node *node)
{
	while (node && node->kind == DOC_COMMENT)
		node = node->next;
	return node;
}

static void compare_lists(struct pair *pair, const struct place *up, const struct doc_node *before,
			  const struct doc_node *after)
{
	struct place place = {.up = up};
	const struct doc_node *a = skip(before->kids.first), *b = skip(after->kids.first);

	for (; a || b; place.index++) {
		place.node = a ? a : b;
		if (a && b)
			compare(pair, &place, a, b);
		else
			tell(pair, &place, a, b);
		a = a ? skip(a->next) : NULL;
		b = b ? skip(b->next) : NULL;
	}
}

static void compare(struct pair *pair, const struct place *up, const struct doc_node *before,
		    const struct doc_node *after)
{
	if (before->kind == DOC_MAP && after->kind == DOC_MAP)
		compare_maps(pair, up, before, after);
	else if (before->kind == DOC_LIST && after->kind == DOC_LIST)
		compare_lists(pair, up, before, after);
	else if (before->kind == DOC_MAP || before->kind == DOC_LIST || after->kind == DOC_MAP ||
		 after->kind == DOC_LIST || !same_scalar(before, after))
		tell(pair, up, before, after);
}

struct known {
	struct span key; /* group, kind, namespace, name without hash, with a NUL between */
	const struct doc_node *item;
	bool met;
};

static int make_key(struct arena *arena, const struct doc_node *item, struct span *ret,
		    struct err *err)
{
	CLEAN_BUF struct buf key = BUF_INIT((size_t)DOC_INPUT_MAX);
	struct span name = item_name(item), kind = doc_get_str(item, "kind");

	if ((span_is(kind, "Secret") || span_is(kind, "ConfigMap")) && flux_placeholder_hash(name))
		name.len -= flux_placeholder_hash(name);
	buf_add_span(&key, item_group(item));
	buf_add_char(&key, '\0');
	buf_add_span(&key, kind);
	buf_add_char(&key, '\0');
	buf_add_span(&key, item_namespace(item));
	buf_add_char(&key, '\0');
	buf_add_span(&key, name);
	return buf_check(&key, err) < 0 ? -1 : arena_dup(arena, buf_span(&key), ret, err);
}

static int by_key(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
	int r = len ? memcmp(a->key.data, b->key.data, len) : 0;

	return r ? r : a->key.len < b->key.len ? -1 : a->key.len > b->key.len;
}

static int add_line(char sign, const struct doc_node *item, struct arena *arena, struct buf *out,
		    struct err *err)
{
	const char *label = item_label(item, arena, err);

	if (!label)
		return -1;
	buf_printf(out, "%c %s\n", sign, label);
	return 0;
}

static int compare_items(const struct doc_node *before, const struct doc_node *after,
			 const struct build_secrets *secrets, struct arena *arena, struct buf *out,
			 struct err *err)
{
	struct pair pair = {.secrets = secrets, .out = out, .is_secret = item_is_secret(after)};

	pair.label = item_label(after, arena, err);
	if (!pair.label)
		return -1;
	compare_maps(&pair, NULL, before, after);
	return 0;
}

int build_diff(const struct manifests *before, const struct manifests *after,
	       const struct build_secrets *secrets, struct buf *out, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_ARENA_MAX);
	struct known *old = arena_alloc(&arena, before->count * sizeof(*old), err), *hit;
	struct known now = {.item = NULL};
	size_t i;

	if (!old)
		return -1;
	for (i = 0; i < before->count; i++) {
		old[i].item = before->items[i];
		if (make_key(&arena, old[i].item, &old[i].key, err) < 0)
			return -1;
	}
	if (before->count)
		qsort(old, before->count, sizeof(*old), by_key);
	for (i = 0; i < after->count; i++) {
		if (make_key(&arena, after->items[i], &now.key, err) < 0)
			return -1;
		hit = before->count ? bsearch(&now, old, before->count, sizeof(*old), by_key)
				    : NULL;
		if (hit)
			hit->met = true;
		if ((hit ? compare_items(hit->item, after->items[i], secrets, &arena, out, err)
			 : add_line('+', after->items[i], &arena, out, err)) < 0)
			return -1;
	}
	for (i = 0; i < before->count; i++) {
		if (!old[i].met && add_line('-', old[i].item, &arena, out, err) < 0)
			return -1;
	}
	return buf_check(out, err);
}
