/* SPDX-License-Identifier: Apache-2.0
 *
 * The questions to key services; see datakey_ask.h. sops: sops.go (decryptKeyGroup, sortKeyGroupIndices)
 */
#include "sops/datakey_ask.h"

#include "base/text.h"
#include "keys/http.h"

#include <stdio.h>
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

/* Asked for once: what a service gets to see must be equal, and what the policy is asked about. An age or PGP key is opened by its ciphertext
 * alone, whatever name stands beside it; but a name that is refused must not hide behind one that is allowed, nor the other way round. */
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

static int compare_keys(const struct sops_key *a, const struct sops_key *b)
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
	return compare_keys(((const struct place *)a)->key, ((const struct place *)b)->key);
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
		if ((i == 0 || compare_keys(places[i - 1].key, places[i].key) != 0) &&
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

/* The operator's policy has a say before a service hears of a key. */
static int ask_policy(struct datakey_plan *plan, struct datakey_ask *ask, struct err *err)
{
	const struct keyring *ring = plan->ring;
	struct err no = ERR_INIT;

	if (!ring->allowed || ring->allowed(ring->allowed_cookie, ask->request.key, &no) == 0)
		return 0;
	if (no.code == ERR_NOMEM) {
		*err = no;
		return -1;
	}
	ask->asked = true;
	ask->request.verdict = KEY_FAILED;
	ask->request.code = no.code;
	snprintf(ask->request.why, sizeof(ask->request.why), "%.*s", KEY_WHY_MAX - 1, no.msg);
	if (no.hint[0]) {
		ask->hint = arena_str(&plan->arena, span_str(no.hint), err);
		if (!ask->hint)
			return -1;
	}
	return 0;
}

/* Moves on to the next candidate that is open or not asked yet. */
static int advance(struct datakey_plan *plan, struct datakey_group *group,
		   struct datakey_ask **ret_next, struct err *err)
{
	*ret_next = NULL;
	for (; group->at < group->count; group->at++) {
		struct datakey_ask *ask = group->candidates[group->at];

		if (!ask->asked && !ask->queued && ask_policy(plan, ask, err) < 0)
			return -1;
		if (!ask->asked) {
			*ret_next = ask;
			return 0;
		}
		if (ask->request.verdict == KEY_OPENED) {
			group->opened = ask;
			return 0;
		}
	}
	return 0;
}

/* One round's questions, those to one service side by side. */
struct round {
	struct datakey_ask **queue;
	size_t queued;
	struct key_request *batch;             /* as many as are queued */
	size_t from[KEYRING_SERVICES_MAX + 1]; /* where those to each service begin */
};

static void sort_by_service(const struct datakey_plan *plan, struct round *round)
{
	size_t service, i, n = 0;

	for (service = 0; service < plan->ring->count; service++) {
		round->from[service] = n;
		for (i = 0; i < round->queued; i++) {
			if (round->queue[i]->service == service)
				round->batch[n++] = round->queue[i]->request;
		}
	}
	round->from[service] = n;
}

static int begin(const struct datakey_plan *plan, size_t service, struct key_request *batch,
		 size_t n, struct err *err)
{
	struct keyring *ring = plan->ring;
	const struct keyservice *asked = ring->services[service].service;
	void *cookie = ring->services[service].cookie;

	if (!asked->start)
		return asked->open(cookie, &ring->pool, batch, n, err);
	if (!ring->http)
		return err_set(err, ERR_BUG, "no network for key service '%s'", asked->name);
	return asked->start(cookie, ring->http, &ring->pool, batch, n, err);
}

/* The order in which the services of a round begin: what is at hand, what we have to wait for, what works while we wait for others. */
enum phase { PHASE_OFFLINE, PHASE_BLOCKING, PHASE_NETWORK, PHASES };

static enum phase phase_of(const struct keyservice *service)
{
	if (service->offline)
		return PHASE_OFFLINE;
	return service->start ? PHASE_NETWORK : PHASE_BLOCKING;
}

/* What stops the network as a whole has been told to every service, which says so of each request. Only its hint is left to pass on. */
static int drive(struct datakey_plan *plan, const char **ret_hint, struct err *err)
{
	struct err why = ERR_INIT;

	if (!plan->ring->http || http_drive(plan->ring->http, &why) == 0)
		return 0;
	if (why.code == ERR_NOMEM)
		return err_nomem(err);
	if (!why.hint[0])
		return 0;
	*ret_hint = arena_str(&plan->arena, span_str(why.hint), err);
	return *ret_hint ? 0 : -1;
}

static void take_answers(struct round *round, const char *hint, const struct keyring *ring)
{
	size_t at[KEYRING_SERVICES_MAX], i;

	memcpy(at, round->from, sizeof(at));
	for (i = 0; i < round->queued; i++) {
		struct datakey_ask *ask = round->queue[i];

		ask->request = round->batch[at[ask->service]++];
		ask->asked = true;
		ask->queued = false;
		ask->hint = ask->request.hint;
		if (ask->request.verdict == KEY_FAILED && hint &&
		    ring->services[ask->service].service->start)
			ask->hint = hint;
		if (ask->request.verdict != KEY_NOT_TRIED)
			continue;
		ask->request.verdict = KEY_FAILED;
		ask->request.code = ERR_BUG;
		snprintf(ask->request.why, sizeof(ask->request.why),
			 "key service '%s' gave no answer",
			 ring->services[ask->service].service->name);
	}
}

static int run_round(struct datakey_plan *plan, struct round *round, struct err *err)
{
	const struct keyring *ring = plan->ring;
	const size_t services = ring->count; /* one that is asked may add another, as PGP does */
	const char *hint = NULL;
	int phase, status = 0;
	size_t i;

	sort_by_service(plan, round);
	for (phase = 0; phase < PHASES && status == 0; phase++) {
		for (i = 0; i < services && status == 0; i++) {
			size_t n = round->from[i + 1] - round->from[i];

			if (n && phase_of(ring->services[i].service) == (enum phase)phase)
				status = begin(plan, i, round->batch + round->from[i], n, err);
		}
	}
	/* Also after an error: calls that were added before it hold on to what is ours. */
	if (drive(plan, &hint, status == 0 ? err : &(struct err)ERR_INIT) < 0 || status < 0)
		return -1;
	take_answers(round, hint, ring);
	return 0;
}

int datakey_plan_run(struct datakey_plan *plan, struct err *err)
{
	size_t left = plan->group_count, most, g, kept;
	struct datakey_group **open;
	struct round round;
	struct datakey_ask *next;

	most = plan->group_count < plan->ask_count ? plan->group_count : plan->ask_count;
	open = arena_alloc(&plan->arena, plan->group_count * sizeof(struct datakey_group *), err);
	round.queue = arena_alloc(&plan->arena, most * sizeof(struct datakey_ask *), err);
	round.batch = arena_alloc(&plan->arena, most * sizeof(*round.batch), err);
	if (!open || !round.queue || !round.batch)
		return -1;
	if (plan->ring->http)
		http_begin(plan->ring->http);
	for (g = 0; g < left; g++)
		open[g] = &plan->groups[g];
	while (left) {
		round.queued = kept = 0;
		for (g = 0; g < left; g++) {
			if (advance(plan, open[g], &next, err) < 0)
				return -1;
			if (!next)
				continue;
			open[kept++] = open[g];
			if (!next->queued) {
				next->queued = true;
				round.queue[round.queued++] = next;
			}
		}
		left = kept;
		if (run_round(plan, &round, err) < 0)
			return -1;
	}
	return 0;
}

void datakey_plan_release(struct datakey_plan *plan)
{
	arena_release(&plan->arena);
}
