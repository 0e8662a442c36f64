/* SPDX-License-Identifier: Apache-2.0
 *
 * The questions to key services; see datakey_ask.h. sops: sops.go (decryptKeyGroup)
 */
#include "sops/datakey_ask.h"

#include "keys/http.h"

#include <stdio.h>

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

int datakey_ask_all(struct datakey_plan *plan, struct err *err)
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
