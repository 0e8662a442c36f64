/* SPDX-License-Identifier: Apache-2.0
 *
 * The half of datakey that talks to key services: every group asks its candidates (datakey_plan.h) one after the other until one opens, as sops does, but
 * all groups of all documents at the same time: a round is one batch for each service.
 */
#ifndef SOPS_DATAKEY_ASK_H
#define SOPS_DATAKEY_ASK_H

#include "sops/datakey_plan.h"

/* Asks till each group is open or has nobody left. Errors: what a service reports for all of its requests. */
int datakey_ask_all(struct datakey_plan *plan, struct err *err) NODISCARD;

#endif
