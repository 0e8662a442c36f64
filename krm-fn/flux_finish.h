/* SPDX-License-Identifier: Apache-2.0
 *
 * From what kustomize printed to what Flux applies, object by object: the decrypted values in kustomize's own text, then the substitution, then
 * commonMetadata. What none of these changes stays byte for byte.
 */
#ifndef FLUX_FINISH_H
#define FLUX_FINISH_H

#include "flux_vars.h"
#include "leftover_look.h"
#include "manifests.h"

struct flux_finish {
	const struct flux_spec *spec;
	const struct flux_vars *vars;
	struct leftover_look look; /* at objects that the substitution made */
	bool lax;                  /* variables that are not there are empty, as in older Flux */
};

/* manifests: decrypted in place; opened[i] tells that object i is not what its text says any more. Appends the objects to out. What they bring in that is ciphertext goes to the
 * report of look, and is the caller's to stop at. Errors: ERR_FORMAT,
 * ERR_NOT_FOUND (a variable), ERR_EMIT, with the object's name; ERR_NOMEM. */
int flux_finish(const struct flux_finish *finish, struct manifests *manifests, const bool *opened,
		struct buf *out, struct err *err) NODISCARD;

#endif
