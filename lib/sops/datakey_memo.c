/* SPDX-License-Identifier: Apache-2.0
 *
 * Wrapped keys with their answers, kept from one question to the next; see datakey_memo.h. Copies of all that a plan has borrowed, as its documents may be
 * gone by then.
 */
#include "sops/datakey_memo.h"

#include <stdlib.h>

/* The entry of that key, or NULL. */
static struct datakey_wrapped *find(const struct datakey_memo *memo, const struct sops_key *key)
{
	size_t low = 0, high = memo->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int diff = datakey_compare(memo->list[mid]->key, key);

		if (diff == 0)
			return memo->list[mid];
		if (diff < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Of services that were added since then nothing is known: they are behind the others. */
static void give(const struct datakey_wrapped *from, struct datakey_wrapped *to)
{
	size_t i;

	for (i = 0; i < from->count && i < to->count; i++) {
		const struct sops_key *key = to->asks[i].request.key;

		if (!from->asks[i].asked || from->asks[i].service != to->asks[i].service)
			continue;
		to->asks[i] = from->asks[i];
		to->asks[i].request.key = key;
	}
}

void datakey_memo_recall(const struct datakey_memo *memo, struct datakey_plan *plan)
{
	struct datakey_wrapped *wrapped;

	for (wrapped = plan->first; wrapped; wrapped = wrapped->next) {
		const struct datakey_wrapped *known = find(memo, wrapped->key);

		if (known)
			give(known, wrapped);
	}
}

static struct doc_node *copy_context(struct arena *arena, const struct doc_node *from,
				     struct err *err)
{
	struct doc_node *context = arena_alloc(arena, sizeof(*context), err), *copy;
	const struct doc_node *kid;

	if (!context)
		return NULL;
	context->kind = DOC_MAP;
	doc_each (kid, from) {
		copy = arena_alloc(arena, sizeof(*copy), err);
		if (!copy)
			return NULL;
		copy->kind = kid->kind;
		if (arena_dup(arena, kid->key, &copy->key, err) < 0 ||
		    (kid->kind == DOC_STRING && arena_dup(arena, kid->str, &copy->str, err) < 0))
			return NULL;
		doc_append(context, copy);
	}
	return context;
}

/* All that datakey_compare() looks at. */
static const struct sops_key *copy_key(struct arena *arena, const struct sops_key *from,
				       struct err *err)
{
	struct sops_key *copy = arena_alloc(arena, sizeof(*copy), err);

	if (!copy)
		return NULL;
	copy->type = from->type;
	if (arena_dup(arena, from->enc, &copy->enc, err) < 0 ||
	    arena_dup(arena, from->id, &copy->id, err) < 0 ||
	    arena_dup(arena, from->address, &copy->address, err) < 0 ||
	    arena_dup(arena, from->path, &copy->path, err) < 0 ||
	    arena_dup(arena, from->role, &copy->role, err) < 0 ||
	    arena_dup(arena, from->profile, &copy->profile, err) < 0)
		return NULL;
	if (from->context) {
		copy->context = copy_context(arena, from->context, err);
		if (!copy->context)
			return NULL;
	}
	return copy;
}

static int copy_asks(struct arena *arena, const struct datakey_wrapped *from,
		     struct datakey_wrapped *to, struct err *err)
{
	size_t i;

	to->asks = arena_alloc(arena, from->count * sizeof(*to->asks), err);
	if (!to->asks)
		return -1;
	to->count = from->count;
	for (i = 0; i < from->count; i++) {
		struct datakey_ask *ask = &to->asks[i];

		*ask = from->asks[i];
		ask->request.key = NULL;
		if (!ask->hint)
			continue;
		ask->hint = arena_str(arena, span_str(ask->hint), err);
		if (!ask->hint)
			return -1;
	}
	return 0;
}

static bool was_asked(const struct datakey_wrapped *wrapped)
{
	size_t i;

	for (i = 0; i < wrapped->count; i++) {
		if (wrapped->asks[i].asked)
			return true;
	}
	return false;
}

static int by_key(const void *a, const void *b)
{
	const struct datakey_wrapped *const *x = a, *const *y = b;

	return datakey_compare((*x)->key, (*y)->key);
}

int datakey_memo_keep(struct datakey_memo *memo, const struct datakey_plan *plan, struct err *err)
{
	const struct datakey_wrapped *wrapped;
	struct datakey_wrapped **list, *copy;
	size_t count = memo->count, more = 0;

	for (wrapped = plan->first; wrapped; wrapped = wrapped->next)
		more++;
	list = arena_alloc(&memo->arena, (count + more) * sizeof(*list), err);
	if (!list)
		return -1;
	if (count)
		memcpy(list, memo->list, count * sizeof(*list));
	for (wrapped = plan->first; wrapped; wrapped = wrapped->next) {
		if (!was_asked(wrapped))
			continue;
		/* What is known may have been asked of more services this time. */
		copy = find(memo, wrapped->key);
		if (!copy) {
			copy = arena_alloc(&memo->arena, sizeof(*copy), err);
			if (!copy)
				return -1;
			copy->key = copy_key(&memo->arena, wrapped->key, err);
			if (!copy->key)
				return -1;
			list[count++] = copy;
		}
		if (copy_asks(&memo->arena, wrapped, copy, err) < 0)
			return -1;
	}
	if (count)
		qsort(list, count, sizeof(*list), by_key);
	memo->list = list;
	memo->count = count;
	return 0;
}

void datakey_memo_release(struct datakey_memo *memo)
{
	arena_release(&memo->arena);
	memo->list = NULL;
	memo->count = 0;
}
