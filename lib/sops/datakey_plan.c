/* SPDX-License-Identifier: Apache-2.0
 *
 * The candidates of all groups, in their order; see datakey_plan.h. sops: sops.go (sortKeyGroupIndices)
 */
#include "sops/datakey_plan.h"

#include "base/text.h"

#include <stdlib.h>

enum {
	RANK_REST = 64,       /* of a type that the order does not name */
	ORDER_NAMES_MAX = 32, /* far more than there are types */
};

/* A place in some group that holds a key: what is sorted to find equal ones. */
struct place {
	const struct sops_key *key;
	struct datakey_wrapped **slot;
};

static int compare_spans(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int diff = len ? memcmp(a.data, b.data, len) : 0;

	return diff ? diff : (a.len > b.len) - (a.len < b.len);
}

/* Entry by entry, in their order; null is not the empty text. */
static int compare_contexts(const struct doc_node *a, const struct doc_node *b)
{
	const struct doc_node *x = a ? a->kids.first : NULL, *y = b ? b->kids.first : NULL;
	int diff = 0;

	for (; x && y && !diff; x = x->next, y = y->next) {
		diff = compare_spans(x->key, y->key);
		if (!diff)
			diff = (x->kind > y->kind) - (x->kind < y->kind);
		if (!diff && x->kind == DOC_STRING)
			diff = compare_spans(x->str, y->str);
	}
	return diff ? diff : (x != NULL) - (y != NULL);
}

/* An age or PGP key is opened by its ciphertext alone, whatever name stands beside it; but a name that is refused must not hide behind one that is
 * allowed, nor the other way round. */
int datakey_compare(const struct sops_key *a, const struct sops_key *b)
{
	int diff = (a->type > b->type) - (a->type < b->type);

	if (!diff)
		diff = compare_spans(a->enc, b->enc);
	if (!diff)
		diff = compare_spans(a->id, b->id);
	if (!diff)
		diff = compare_spans(a->address, b->address);
	if (!diff)
		diff = compare_spans(a->path, b->path);
	if (!diff)
		diff = compare_spans(a->role, b->role);
	if (!diff)
		diff = compare_spans(a->profile, b->profile);
	return diff ? diff : compare_contexts(a->context, b->context);
}

static int compare_places(const void *a, const void *b)
{
	return datakey_compare(((const struct place *)a)->key, ((const struct place *)b)->key);
}

/* sops: cmd/sops/main.go (decryptionOrder). A name that is no type takes part only in the check for doubles. */
static int parse_order(const char *order, unsigned rank[static SOPS_KEY_TYPES], struct err *err)
{
	struct span names[ORDER_NAMES_MAX], text = span_str(order ? order : "age,pgp");
	size_t at = 0, count = 0, i;

	for (i = 0; i < SOPS_KEY_TYPES; i++)
		rank[i] = RANK_REST;
	while (at <= text.len) {
		size_t end = span_find(text, at, ',');
		struct span name = span_sub(text, at, end - at);

		if (count == ORDER_NAMES_MAX)
			return err_set(err, ERR_USAGE,
				       "the decryption order has more than %d names",
				       ORDER_NAMES_MAX);
		for (i = 0; i < count; i++) {
			if (span_eq(names[i], name))
				return err_set(err, ERR_USAGE,
					       "the decryption order names '%s' twice",
					       text_quote(name).text);
		}
		for (i = 0; i < SOPS_KEY_TYPES; i++) {
			if (span_is(name, sops_key_type_name((enum sops_key_type)i)))
				rank[i] = (unsigned)count;
		}
		names[count++] = name;
		at = end + 1;
	}
	return 0;
}

static size_t count_keys(const struct datakey_want *wants, size_t n, size_t *ret_groups)
{
	const struct sops_group *group;
	size_t i, keys = 0, groups = 0;

	for (i = 0; i < n; i++) {
		for (group = wants[i].meta->groups; group; group = group->next) {
			keys += group->count;
			groups++;
		}
	}
	*ret_groups = groups;
	return keys;
}

static int make_wrapped(struct datakey_plan *plan, const struct sops_key *key,
			struct datakey_wrapped **ret_wrapped, struct err *err)
{
	struct datakey_wrapped *wrapped = arena_alloc(&plan->arena, sizeof(*wrapped), err);
	const struct keyring *ring = plan->ring;
	size_t i;

	if (!wrapped)
		return -1;
	wrapped->key = key;
	for (i = 0; i < ring->count; i++)
		wrapped->count += ring->services[i].service->type == key->type;
	wrapped->asks = arena_alloc(&plan->arena, wrapped->count * sizeof(*wrapped->asks), err);
	if (!wrapped->asks)
		return -1;
	wrapped->count = 0;
	for (i = 0; i < ring->count; i++) {
		struct datakey_ask *ask = &wrapped->asks[wrapped->count];

		if (ring->services[i].service->type != key->type)
			continue;
		ask->request.key = key;
		ask->service = i;
		wrapped->count++;
	}
	plan->ask_count += wrapped->count;
	if (plan->last)
		plan->last->next = wrapped;
	else
		plan->first = wrapped;
	plan->last = wrapped;
	*ret_wrapped = wrapped;
	return 0;
}

/* Fills the slot of every place; equal keys share one. */
static int fill_slots(struct datakey_plan *plan, struct place *places, size_t count,
		      struct err *err)
{
	struct datakey_wrapped *wrapped = NULL;
	size_t i;

	qsort(places, count, sizeof(*places), compare_places);
	for (i = 0; i < count; i++) {
		if ((i == 0 || datakey_compare(places[i - 1].key, places[i].key) != 0) &&
		    make_wrapped(plan, places[i].key, &wrapped, err) < 0)
			return -1;
		*places[i].slot = wrapped;
	}
	return 0;
}

static int collect(struct datakey_plan *plan, const struct datakey_want *wants, size_t n,
		   struct err *err)
{
	size_t key_count = count_keys(wants, n, &plan->group_count), i, at = 0, g = 0;
	struct datakey_wrapped **slots = arena_alloc(&plan->arena, key_count * sizeof(*slots), err);
	struct place *places = arena_alloc(&plan->arena, key_count * sizeof(*places), err);
	const struct sops_group *group;
	const struct sops_key *key;

	plan->groups = arena_alloc(&plan->arena, plan->group_count * sizeof(*plan->groups), err);
	if (!slots || !places || !plan->groups)
		return -1;
	for (i = 0; i < n; i++) {
		for (group = wants[i].meta->groups; group; group = group->next, g++) {
			plan->groups[g].keys = slots + at;
			plan->groups[g].key_count = group->count;
			for (key = group->keys; key; key = key->next, at++)
				places[at] = (struct place){key, slots + at};
		}
	}
	return fill_slots(plan, places, key_count, err);
}

/* The candidates of one group that have this rank, in the metadata's order. */
static void add_ranked(const struct datakey_plan *plan, struct datakey_group *group,
		       const unsigned rank[static SOPS_KEY_TYPES], unsigned want, int offline)
{
	size_t k, a;

	for (k = 0; k < group->key_count; k++) {
		struct datakey_wrapped *wrapped = group->keys[k];

		if (rank[wrapped->key->type] != want)
			continue;
		for (a = 0; a < wrapped->count; a++) {
			struct datakey_ask *ask = &wrapped->asks[a];

			if (offline < 0 ||
			    plan->ring->services[ask->service].service->offline == offline)
				group->candidates[group->count++] = ask;
		}
	}
}

static int order_group(struct datakey_plan *plan, struct datakey_group *group,
		       const unsigned rank[static SOPS_KEY_TYPES], bool offline_first,
		       struct err *err)
{
	size_t total = 0, k;
	unsigned want;
	int offline;

	for (k = 0; k < group->key_count; k++)
		total += group->keys[k]->count;
	group->candidates = arena_alloc(&plan->arena, total * sizeof(struct datakey_ask *), err);
	if (!group->candidates)
		return -1;
	for (offline = offline_first ? 1 : -1; offline >= (offline_first ? 0 : -1); offline--) {
		for (want = 0; want <= RANK_REST && group->count < total; want++)
			add_ranked(plan, group, rank, want, offline);
	}
	return 0;
}

int datakey_plan_make(struct datakey_plan *plan, const struct datakey_want *wants, size_t n,
		      struct keyring *ring, const char *order, struct err *err)
{
	unsigned rank[SOPS_KEY_TYPES];
	size_t g;

	if (order && !*order)
		order = NULL;
	plan->ring = ring;
	if (parse_order(order, rank, err) < 0 || collect(plan, wants, n, err) < 0)
		return -1;
	for (g = 0; g < plan->group_count; g++) {
		if (order_group(plan, &plan->groups[g], rank, !order, err) < 0)
			return -1;
	}
	return 0;
}

void datakey_plan_release(struct datakey_plan *plan)
{
	arena_release(&plan->arena);
}
