/* SPDX-License-Identifier: Apache-2.0
 *
 * The comparison of an item with its source; see source_match.h. A source's ciphertexts must all be in the item, at the same place in the
 * same order, and the item must hold no other. What was never encrypted may differ: patches are what kustomize is for.
 *
 * The cipher binds a value to the map keys above it, not to a list position: so values are compared by path, in order of appearance.
 */
#include "source_match.h"

#include "base/text.h"
#include "item_view.h"
#include "leaves.h"

#include <stdlib.h>

enum { TOKENS_ARENA_MAX = 1024 * 1024 * 1024 /* bytes of the paths of one document */ };

struct token {
	struct span path, shown, text;
	size_t at; /* among all of the document, to keep the order of equal paths */
};

struct tokens {
	struct arena arena;
	const struct item_view *view; /* of an item: what is metadata is passed over */
	struct token *list;
	size_t count, room;
};

#define TOKENS_INIT                                   \
	{                                             \
		.arena = ARENA_INIT(TOKENS_ARENA_MAX) \
	}

static void tokens_release(struct tokens *tokens)
{
	arena_release(&tokens->arena);
	free(tokens->list);
}

static int collect(void *cookie, const struct leaf *leaf, struct err *err)
{
	struct tokens *tokens = cookie;
	struct token token = {.at = tokens->count};

	if (!leaf_is_token(leaf->node) || leaf->node->kind == DOC_COMMENT ||
	    (tokens->view && item_view_is_metadata(tokens->view, leaf->path)))
		return 0;
	if (tokens->count == tokens->room) {
		size_t room = tokens->room ? tokens->room * 2 : 16;
		struct token *list = reallocarray(tokens->list, room, sizeof(*list));

		if (!list)
			return err_nomem(err);
		tokens->list = list;
		tokens->room = room;
	}
	token.text = leaf->node->str;
	if (arena_dup(&tokens->arena, leaf->path, &token.path, err) < 0 ||
	    arena_dup(&tokens->arena, leaf->shown, &token.shown, err) < 0)
		return -1;
	tokens->list[tokens->count++] = token;
	return 0;
}

static int compare_path(const struct token *x, const struct token *y)
{
	size_t len = x->path.len < y->path.len ? x->path.len : y->path.len;
	int r = len ? memcmp(x->path.data, y->path.data, len) : 0;

	return r ? r : (x->path.len > y->path.len) - (x->path.len < y->path.len);
}

static int compare(const void *a, const void *b)
{
	const struct token *x = a, *y = b;
	int r = compare_path(x, y);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static int tokens_of(const struct doc_node *branch, const struct item_view *view,
		     struct tokens *tokens, struct err *err)
{
	tokens->view = view;
	if (leaves_walk(branch, NULL, collect, tokens, err) < 0)
		return -1;
	if (tokens->count)
		qsort(tokens->list, tokens->count, sizeof(*tokens->list), compare);
	return 0;
}

/* What the item has where the source has a ciphertext. */
struct probe {
	struct span path;
	bool there, empty;
};

static int look(void *cookie, const struct leaf *leaf, struct err *err)
{
	struct probe *probe = cookie;

	(void)err;
	if (leaf->node->kind != DOC_COMMENT && span_eq(leaf->path, probe->path) &&
	    !leaf_is_token(leaf->node)) {
		probe->there = true;
		probe->empty = probe->empty || leaf_is_empty(leaf->node);
	}
	return 0;
}

static int say_missing(const struct token *token, const struct source_doc *source,
		       const struct item_view *view, struct err *err)
{
	struct probe probe = {.path = token->path};
	const char *what = "is not there";

	if (leaves_walk(view->branch, NULL, look, &probe, err) < 0)
		return -1;
	if (probe.there)
		what = probe.empty ? "is empty" : "has been replaced";
	(void)err_set(err, ERR_MAC, "'%s' %s, but its source '%s' has a ciphertext there",
		      text_quote(token->shown).text, what, text_quote(span_str(source->path)).text);
	return 1;
}

static int say_other(const struct token *token, const struct source_doc *source, const char *what,
		     struct err *err)
{
	(void)err_set(err, ERR_MAC, "'%s' holds %s '%s'", text_quote(token->shown).text, what,
		      text_quote(span_str(source->path)).text);
	return 1;
}

static int compare_tokens(const struct source_doc *source, const struct doc_node *branch,
			  const struct item_view *view, struct err *err)
{
	CLEANUP(tokens_release) struct tokens want = TOKENS_INIT;
	CLEANUP(tokens_release) struct tokens have = TOKENS_INIT;
	size_t i = 0, k = 0;

	if (tokens_of(branch, NULL, &want, err) < 0 ||
	    tokens_of(view->branch, view, &have, err) < 0)
		return -1;
	while (i < want.count || k < have.count) {
		int order = i == want.count   ? 1
			    : k == have.count ? -1
					      : compare_path(&want.list[i], &have.list[k]);

		if (order < 0)
			return say_missing(&want.list[i], source, view, err);
		if (order > 0)
			return say_other(&have.list[k], source,
					 "a ciphertext that is not in its source", err);
		if (!span_eq(want.list[i].text, have.list[k].text))
			return say_other(&have.list[k], source,
					 "another ciphertext than its source", err);
		i++;
		k++;
	}
	return 0;
}

/* The keys of a map, sorted: a Secret may have so many that looking through them for each of as many others would take minutes. */
struct key_set {
	struct span *keys;
	size_t count;
};

static int compare_key(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int r = len ? memcmp(x->data, y->data, len) : 0;

	return r ? r : (x->len > y->len) - (x->len < y->len);
}

static int key_set_make(const struct doc_node *map, struct arena *arena, struct key_set *ret,
			struct err *err)
{
	const struct doc_node *kid;
	size_t n = 0;

	*ret = (struct key_set){.keys = NULL};
	if (!map || map->kind != DOC_MAP)
		return 0;
	doc_each (kid, map)
		n++;
	ret->keys = arena_alloc(arena, n * sizeof(*ret->keys), err);
	if (!ret->keys)
		return -1;
	doc_each (kid, map) {
		if (kid->key.data)
			ret->keys[ret->count++] = kid->key;
	}
	if (ret->count)
		qsort(ret->keys, ret->count, sizeof(*ret->keys), compare_key);
	return 0;
}

static bool has_key(const struct key_set *set, struct span key)
{
	return set->count && bsearch(&key, set->keys, set->count, sizeof(*set->keys), compare_key);
}

/* stringData wins over data in the API server: a key that a patch added there would put a value in the clear in a ciphertext's place. */
static int check_shadows(const struct source_doc *source, const struct doc_node *branch,
			 const struct doc_node *item, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(TOKENS_ARENA_MAX);
	bool dotenv = source->format == DOC_DOTENV;
	const struct doc_node *from = dotenv ? branch : doc_get(branch, "data"), *kid;
	struct key_set own, over;

	if (!from || from->kind != DOC_MAP || !doc_get(item, "data"))
		return 0;
	if (key_set_make(dotenv ? NULL : doc_get(branch, "stringData"), &arena, &own, err) < 0 ||
	    key_set_make(doc_get(item, "stringData"), &arena, &over, err) < 0)
		return -1;
	doc_each (kid, from) {
		if (!kid->key.data || !leaf_is_token(kid) || !has_key(&over, kid->key) ||
		    has_key(&own, kid->key))
			continue;
		(void)err_set(
			err, ERR_MAC,
			"'stringData.%s' would take the place of a ciphertext of its source '%s'",
			text_quote(kid->key).text, text_quote(span_str(source->path)).text);
		return 1;
	}
	return 0;
}

/* The rule decides what is opened at all: one that a patch has changed would let a value in the clear stand for an encrypted one. */
static int check_rule(const struct source_doc *source, const struct sops_meta *meta,
		      struct err *err)
{
	if (source->meta->rule == meta->rule && span_eq(source->meta->rule_text, meta->rule_text) &&
	    source->meta->mac_only_encrypted == meta->mac_only_encrypted)
		return 0;
	(void)err_set(err, ERR_MAC,
		      "'sops' says by another rule what is encrypted than its source '%s'",
		      text_quote(span_str(source->path)).text);
	return 1;
}

/* "apps" of "apps/v1", "" of "v1": a release may move a resource to another version, never to another group. */
static struct span group_of(const struct doc_node *item)
{
	struct span version = doc_get_str(item, "apiVersion");
	size_t slash = span_find(version, 0, '/');

	return slash < version.len ? span_sub(version, 0, slash) : SPAN_NULL;
}

static bool same_kind(const struct doc_node *a, const struct doc_node *b)
{
	return span_eq(doc_get_str(a, "kind"), doc_get_str(b, "kind")) &&
	       span_eq(group_of(a), group_of(b));
}

/* The name that the item had in its file: kustomize keeps the history of a name that it changed. */
static struct span first_name(const struct doc_node *item)
{
	const struct doc_node *metadata = doc_get(item, "metadata");
	struct span names = doc_get_str(doc_get(metadata, "annotations"),
					"internal.config.kubernetes.io/previousNames");

	if (!names.len)
		return doc_get_str(metadata, "name");
	return span_sub(names, 0, span_find(names, 0, ','));
}

static bool same_name(const struct doc_node *branch, const struct doc_node *item)
{
	return span_eq(doc_get_str(doc_get(branch, "metadata"), "name"), first_name(item));
}

static int match_branch(const struct source_doc *source, const struct doc_node *branch,
			const struct item_view *view, struct doc_node *item, struct err *err)
{
	int r = compare_tokens(source, branch, view, err);

	return r ? r : check_shadows(source, branch, item, err);
}

/* A stream of several documents has one MAC: the one of the item's kind, and of its name where there are more of that kind. */
static int match_whole(const struct source_doc *source, const struct item_view *view,
		       struct doc_node *item, struct err *err)
{
	const struct doc_node *branch, *found = NULL;
	size_t kinds = 0, names = 0;

	for (branch = source->doc->first; branch; branch = branch->next) {
		if (!same_kind(branch, item))
			continue;
		kinds++;
		if (same_name(branch, item))
			names++;
		if (!found || (names == 1 && same_name(branch, item)))
			found = branch;
	}
	if (kinds == 0) {
		(void)err_set(
			err, ERR_MAC, "'kind' is '%s' of group '%s', which its source '%s' is not",
			text_quote(doc_get_str(item, "kind")).text, text_quote(group_of(item)).text,
			text_quote(span_str(source->path)).text);
		return 1;
	}
	if (kinds > 1 && names != 1) {
		(void)err_set(
			err, ERR_MAC,
			"'metadata.name': its source '%s' has %zu documents of this kind and %s of this name",
			text_quote(span_str(source->path)).text, kinds, names ? "several" : "none");
		return 1;
	}
	return match_branch(source, found, view, item, err);
}

int source_match(const struct source_doc *source, struct doc_node *item, struct err *err)
{
	CLEAN_ITEM_VIEW struct item_view view = ITEM_VIEW_INIT;
	int r;

	if (item_view(item, &view, err) < 0)
		return err->code == ERR_FORMAT ? 1 : -1;
	r = check_rule(source, &view.meta, err);
	if (r)
		return r;
	if (!view.dotenv)
		return match_whole(source, &view, item, err);
	if (!source->doc->first)
		return err_set(err, ERR_BUG, "a dotenv without a branch");
	return match_branch(source, source->doc->first, &view, item, err);
}
