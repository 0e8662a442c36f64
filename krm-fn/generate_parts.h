/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces of a plan that the kinds of configs share (generate_plan.c, generate_goabout.c).
 */
#ifndef GENERATE_PARTS_H
#define GENERATE_PARTS_H

#include "generate_plan.h"

struct generate_adder {
	struct generate_plan *plan;
	const struct config *config;
};

/* ERR_USAGE: "functionConfig: 'FIELD' must be WANT". */
int generate_bad(const char *field, const char *want, struct err *err);

/* A text of the config, by the rules of its kind. A null span where it is absent or null. */
int generate_text(const struct generate_adder *add, const struct doc_node *node, const char *field,
		  struct span *ret, struct err *err) NODISCARD;

/* The entries of a list of paths: "path", or "key=path" where `use` has keys. `what` is how the messages of others call the list. */
int generate_add_files(const struct generate_adder *add, const struct doc_node *list,
		       enum generate_use use, size_t secret, const char *field, const char *what,
		       struct err *err) NODISCARD;

/* An empty Secret at the end of the plan's, or NULL. Good until the next one is made. */
struct generate_secret *generate_add_secret(const struct generate_adder *add, struct err *err)
	NODISCARD;

/* name, namespace, labels and annotations. */
int generate_metadata(const struct generate_adder *add, const struct doc_node *metadata,
		      const char *field, struct generate_secret *secret, struct err *err) NODISCARD;

/* The config is a SopsSecretGenerator. */
int generate_goabout(const struct generate_adder *add, struct err *err) NODISCARD;

#endif
