/* SPDX-License-Identifier: Apache-2.0
 *
 * ${VAR} and its kin in a text, in the dialect of Flux's postBuild substitution:
 *
 *   ${V} ${#V}  ${V:=w} ${V:-w} ${V:?w} ${V:+w} ${V=w}  ${V:off} ${V:off:len}  ${V#p} ${V##p} ${V%p} ${V%%p}
 *   ${V/a/b} ${V//a/b} ${V/#a/b} ${V/%a/b}  ${V,} ${V,,} ${V^} ${V^^}  $$ is a dollar sign
 *
 * All four forms with a colon and a sign, and `=`, are the same one: w where V is empty. fluxcd/pkg: envsubst
 */
#ifndef ENVSUBST_H
#define ENVSUBST_H

#include "base/buf.h"

enum {
	ENVSUBST_DEPTH_MAX = 64, /* ${A:=${B:=...}}: real ones have two levels */
	ENVSUBST_TRIM_MAX =
		4096, /* bytes that # and % look through: the search takes their square */
	ENVSUBST_OUTPUT_MAX = 256 * 1024 * 1024, /* bytes, as DOC_INPUT_MAX */
};

/* The variable's value. false where there is none. */
typedef bool envsubst_lookup(const void *cookie, struct span name, struct span *ret_value);

struct envsubst {
	envsubst_lookup *lookup;
	const void *cookie;
	bool strict; /* a variable that is not there and has no default is an error; else it is empty */
};

/* Appends text with everything replaced to out. Errors: ERR_FORMAT (syntax, with the line), ERR_NOT_FOUND (strict), ERR_UNSUPPORTED (case
 * changes outside ASCII), ERR_LIMIT, ERR_NOMEM. No value is ever in a message. */
int envsubst_run(const struct envsubst *envsubst, struct span text, struct buf *out,
		 struct err *err) NODISCARD;

/* A name that Flux takes for a variable: [_A-Za-z][_A-Za-z0-9]*. */
bool envsubst_is_name(struct span name);

#endif
