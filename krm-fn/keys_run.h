/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of a program whose output is a key.
 */
#ifndef KEYS_RUN_H
#define KEYS_RUN_H

#include "base/secret.h"

/* Runs words[0], found by PATH, without a shell; its input and error output are /dev/null. Its output, up to KEYS_SECRET_MAX bytes, is put
 * into the pool. After `seconds` it is killed. Errors: ERR_SYSTEM (can not be started, exit status not 0, killed), ERR_UNREACHABLE (not done
 * in time), ERR_LIMIT, ERR_NOMEM. */
int keys_run(char *const words[], char *const environment[], int seconds, struct secret_pool *pool,
	     struct span *ret_output, struct err *err) NODISCARD;

#endif
