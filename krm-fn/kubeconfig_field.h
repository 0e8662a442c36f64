/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of a kubeconfig's maps share: a field's text as a copy in the pool, with a NUL behind it; a null span where it is not there or empty.
 */
#ifndef KUBECONFIG_FIELD_H
#define KUBECONFIG_FIELD_H

#include "kubeconfig.h"

#include "doc/doc.h"

/* One map of the configuration and the file that it is from. */
struct kubeconfig_entry {
	const struct doc_node *map; /* NULL: it is empty */
	const struct kubeconfig_file *file;
};

/* Puts the file in front of the message. Always returns -1. */
int kubeconfig_in_file(const struct kubeconfig_file *file, struct err *err);

/* A copy with a NUL behind it. */
int kubeconfig_keep(struct secret_pool *pool, struct span text, struct span *ret, struct err *err)
	NODISCARD;

int kubeconfig_field(struct secret_pool *pool, const struct kubeconfig_entry *from, const char *key,
		     struct span *ret, struct err *err) NODISCARD;

/* A path, relative to the file that it stands in. */
int kubeconfig_path(struct secret_pool *pool, const struct kubeconfig_entry *from, const char *key,
		    struct span *ret, struct err *err) NODISCARD;

/* "KEY-data" in base64, else the file that "KEY" names. */
int kubeconfig_data(struct secret_pool *pool, const struct kubeconfig_entry *from, const char *key,
		    struct span *ret_data, struct span *ret_file, struct err *err) NODISCARD;

/* A user's plugin: the map under `exec`. */
int kubeconfig_exec_read(struct secret_pool *pool, const struct kubeconfig_entry *from,
			 struct kubeconfig_exec *ret, struct err *err) NODISCARD;

#endif
