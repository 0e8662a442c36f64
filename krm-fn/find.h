/* SPDX-License-Identifier: Apache-2.0
 *
 * What in an item is encrypted: the item as a whole, documents inside a Secret's values, a dotenv that kustomize's `envs:` took apart.
 *
 * detection: flux follows Flux's decision table (krm-and-flux.md 4.6) with its markers; strict, the default, parses. Both find dotenvs in
 * pieces: Flux decrypts their files before the build, a function sees only what the build made of them. `build` decrypts the files itself: what is in
 * pieces there is what Flux leaves as it is.
 */
#ifndef FIND_H
#define FIND_H

#include "doc/doc.h"

enum find_kind {
	FIND_WHOLE, /* the item: `sops` with a MAC at its top */
	FIND_VALUE, /* a document in a value of data or stringData */
	FIND_ENVS,  /* the keys of data or stringData are the lines of a dotenv */
};

struct find_hit {
	enum find_kind kind;
	struct doc_node *item;
	const char *label;     /* of the item; for a value with the field's path behind it */
	struct doc_node *map;  /* VALUE, ENVS: data or stringData */
	bool base64;           /* VALUE, ENVS: the map is data */
	struct doc_node *node; /* WHOLE: the `sops` entry; VALUE: the entry of the map */
	struct span input;     /* VALUE, ENVS: the document */
	enum doc_format in_format, out_format;
};

struct find_options {
	bool flux;        /* detection: flux */
	bool string_data; /* look for documents inside stringData too */
	bool no_lines;    /* not for dotenvs in pieces */
};

struct find {
	struct arena arena; /* owns what hits and notes point to, but for nodes */
	struct find_hit *hits;
	size_t count, cap;
	const char **notes; /* what was left on purpose, one line each */
	size_t note_count, note_cap;
};

#define FIND_ARENA_MAX \
	((size_t)4 * 1024 * 1024 * 1024) /* as DOC_ARENA_MAX: decoded values and the list of hits */
#define FIND_INIT                                   \
	{                                           \
		.arena = ARENA_INIT(FIND_ARENA_MAX) \
	}
#define CLEAN_FIND CLEANUP(find_release)

/* Adds what is encrypted in the item. Errors: ERR_FORMAT and ERR_UNSUPPORTED, with the item's label, for a dotenv that can not be put together
 * again, for an INI file that came in through `envs:`, and for an object whose kind is encrypted in a build of kustomize; ERR_NOMEM. */
int find_in_item(struct find *find, struct doc_node *item, const struct find_options *options,
		 struct err *err) NODISCARD;

/* A SopsSecret has an operator of its own. */
bool find_is_sops_secret(const struct doc_node *item);

/* Wipes and frees. NULL is fine. */
void find_release(struct find *find);

#endif
