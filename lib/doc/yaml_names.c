/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of a YAML stream: which anchor a name stands for, and whether a map has a key twice. Both in n log n whatever the names are.
 */
#include "doc/yaml_names.h"

#include "base/wipe.h"
#include "doc/yaml_build.h"
#include "doc/yaml_queue.h"

#include <search.h>
#include <stdlib.h>

/* ---- anchors ---- */

struct name {
	struct span text;
	struct yaml_anchor *anchor;
};

static int compare_text(struct span a, struct span b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

static int compare_names(const void *a, const void *b)
{
	return compare_text(((const struct name *)a)->text, ((const struct name *)b)->text);
}

int yaml_names_set(struct yaml_names *names, struct span text, struct yaml_anchor *anchor,
		   struct err *err)
{
	struct name *name = malloc(sizeof(*name)), **slot;

	if (!name)
		return err_nomem(err);
	*name = (struct name){text, anchor};
	slot = tsearch(name, &names->tree, compare_names);
	if (!slot) {
		free(name);
		return err_nomem(err);
	}
	if (*slot != name) {
		free(name);
		(*slot)->anchor = anchor;
	}
	return 0;
}

struct yaml_anchor *yaml_names_get(const struct yaml_names *names, struct span text)
{
	struct name want = {text, NULL}, *const *slot = tfind(&want, &names->tree, compare_names);

	return slot ? (*slot)->anchor : NULL;
}

void yaml_names_release(struct yaml_names *names)
{
	if (names->tree)
		tdestroy(names->tree, free);
	names->tree = NULL;
}

/* ---- keys ---- */

enum { FEW = 16 /* keys up to which looking at all pairs is the fastest */ };

/* Spreads ordinary texts; who makes texts on purpose that it does not tell apart gains a comparison of each pair that is looked at. */
static uint64_t hash_of(struct span text)
{
	uint64_t hash = text.len, word;
	size_t i;

	for (i = 0; i < text.len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, text.data + i,
		       text.len - i < sizeof(word) ? text.len - i : sizeof(word));
		hash = (hash ^ word) * 0x9E3779B97F4A7C15;
		hash ^= hash >> 32;
	}
	return hash;
}

int yaml_keys_add(struct yaml_keys *keys, const struct yaml_node *key, struct err *err)
{
	struct yaml_key *grown =
		yaml_queue_grow(keys->list, NULL, &keys->len, &keys->cap, sizeof(*grown), err);

	if (!grown)
		return -1;
	keys->list = grown;
	keys->list[keys->len++] = (struct yaml_key){.text = key->text,
						    .hash = hash_of(key->text),
						    .alias = key->form == FORM_ALIAS,
						    .at = key->start.at,
						    .line = key->start.line,
						    .column = key->start.column};
	return 0;
}

/* Keys are equal where their text is, whatever their quotes and types. go.yaml.in/yaml/v3: decode.go (mapping) */
static int compare_keys(const struct yaml_key *a, const struct yaml_key *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->alias != b->alias ? a->alias - b->alias : compare_text(a->text, b->text);
}

static int order_keys(const void *x, const void *y)
{
	const struct yaml_key *a = x, *b = y;
	int order = compare_keys(a, b);

	return order ? order : (a->at > b->at) - (a->at < b->at);
}

static int twice(const struct yaml_key *first, const struct yaml_key *second, struct err *err)
{
	struct yaml_mark mark = {second->at, second->line, second->column};

	(void)yaml_fail(mark, "this key stands in its map already", err);
	return err_hint(err, "it is also on line %u", first->line + 1);
}

int yaml_keys_check(struct yaml_keys *keys, size_t from, struct err *err)
{
	size_t n = keys->len - from, i, j;
	struct yaml_key *list;

	keys->len = from;
	if (n < 2)
		return 0;
	list = keys->list + from;
	if (n > FEW)
		qsort(list, n, sizeof(*list), order_keys);
	for (i = 1; i < n; i++) {
		for (j = n > FEW ? i - 1 : 0; j < i; j++) {
			if (compare_keys(&list[j], &list[i]) == 0)
				return twice(&list[j], &list[i], err);
		}
	}
	return 0;
}

void yaml_keys_release(struct yaml_keys *keys)
{
	wipe_free(keys->list, keys->cap * sizeof(*keys->list));
	*keys = (struct yaml_keys){NULL, 0, 0};
}
