/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of the KRM function on bytes: a ResourceList in, a ResourceList out. Used by the program (cmd_function.c) and by the sidecar.
 */
#ifndef FUNCTION_H
#define FUNCTION_H

#include "resource_list.h"
#include "transform.h"

enum {
	FUNCTION_OUTPUT_MAX =
		1024 * 1024 * 1024, /* bytes, as DECRYPT_OUTPUT_MAX: four times the input */
};

struct function {
	struct session session; /* in: options */
	struct buf text;        /* in: the ResourceList */
	struct config config;
	struct resource_list list;
	struct transform transform; /* its report says what went wrong */
	struct buf out;
};

#define FUNCTION_INIT                                                                              \
	{                                                                                          \
		.session = SESSION_INIT, .config = CONFIG_INIT, .list = RESOURCE_LIST_INIT,        \
		.text = BUF_INIT((size_t)DOC_INPUT_MAX + 1), .out = BUF_INIT(FUNCTION_OUTPUT_MAX), \
	}
#define CLEAN_FUNCTION CLEANUP(function_release)

/* Fills out. -1: the transform's report has what went wrong, or, where that is empty, err. */
int function_run(struct function *fn, struct err *err) NODISCARD;

void function_release(struct function *fn);

#endif
