/* SPDX-License-Identifier: Apache-2.0
 *
 * What key services have answered in a run that asks more than once: no wrapped key is asked for twice, whatever became of it. So a run may ask ahead for
 * what it will want later, all at the same time, and what comes of that is told by whom it concerns.
 *
 * For one run only: an answer is good for as long as the run takes, refusals and services that were down included.
 */
#ifndef SOPS_DATAKEY_MEMO_H
#define SOPS_DATAKEY_MEMO_H

#include "sops/datakey_plan.h"

/* Belongs to one ring (keyring.memo), in whose pool the opened keys lie, and ends before it. */
struct datakey_memo {
	struct arena arena;
	struct datakey_wrapped **list; /* in the order of datakey_compare() */
	size_t count;
};

#define DATAKEY_MEMO_INIT                             \
	{                                             \
		.arena = ARENA_INIT(DATAKEY_PLAN_MAX) \
	}
#define CLEAN_DATAKEY_MEMO CLEANUP(datakey_memo_release)

/* Gives the plan's questions the answers that are known; the memo must outlive the plan. */
void datakey_memo_recall(const struct datakey_memo *memo, struct datakey_plan *plan);

/* Keeps the answers of a plan that has been asked. Errors: ERR_LIMIT, ERR_NOMEM. */
int datakey_memo_keep(struct datakey_memo *memo, const struct datakey_plan *plan, struct err *err)
	NODISCARD;

void datakey_memo_release(struct datakey_memo *memo);

#endif
