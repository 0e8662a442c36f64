/* SPDX-License-Identifier: Apache-2.0
 *
 * A small build in a temporary folder: the real kustomize, its flags and a function that is called as the repository's are.
 */
#ifndef DOCTOR_TRIAL_H
#define DOCTOR_TRIAL_H

#include "base/attr.h"
#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

struct doctor_trial {
	char parent[PATH_MAX]; /* TMPDIR, or /tmp */
	char folder[PATH_MAX]; /* "": none yet */
	char kustomize[PATH_MAX];
	char version[64]; /* fit for a message */
};

/* NULL with ERR_NOMEM. */
struct doctor_trial *doctor_trial_new(struct err *err) NODISCARD;

/* Makes the folder. Errors: ERR_SYSTEM, ERR_NOT_FOUND, ERR_LIMIT. */
int doctor_trial_open(struct doctor_trial *trial, struct err *err) NODISCARD;

/* Asks trial->kustomize for its version. Errors: ERR_SYSTEM, ERR_UNREACHABLE (no end). */
int doctor_trial_version(struct doctor_trial *trial, struct err *err) NODISCARD;

/* Builds one object, and one more of the function `name` where that is not NULL. *ret_ran: the function's is in the output. Errors: as above, with
 * what kustomize says. */
int doctor_trial_build(const struct doctor_trial *trial, const char *name, char *const flags[],
		       bool *ret_ran, struct err *err) NODISCARD;

/* Removes the folder. */
void doctor_trial_close(struct doctor_trial **trial);

#define CLEAN_DOCTOR_TRIAL __attribute__((cleanup(doctor_trial_close)))

#endif
