/* SPDX-License-Identifier: Apache-2.0
 *
 * The look for ciphertext at the end of a run, object by object, and what becomes of what is found: an error of the run, or with
 * --compat=flux a warning.
 */
#ifndef LEFTOVER_LOOK_H
#define LEFTOVER_LOOK_H

#include "config.h"
#include "report.h"

struct leftover_look {
	const struct config *config;
	bool every_kind; /* all of every object: what `build` prints is applied as it is */
	bool warns; /* it is told, and no error, but for what Flux refuses to apply: --compat=flux */
	struct span stand_in; /* as in leftover.h */
	struct report *report;
};

/* An object, or a list of objects that arrived as one. whole: it had a top-level `sops`. Left out are those whose author has taken them out of decryption,
 * and SopsSecrets where these are left to their operator. What is found goes to the report. */
void leftover_look(const struct leftover_look *look, const struct doc_node *item, bool whole);

#endif
