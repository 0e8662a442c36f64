/* SPDX-License-Identifier: Apache-2.0
 *
 * Libraries that are loaded when first wanted, as most runs need none of them, and to be linked with all costs more than a run. The file that knows a
 * library's header has a table of what it uses of it, all of which must be there.
 */
#ifndef BASE_DYNLIB_H
#define BASE_DYNLIB_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct dynlib_symbol {
	const char *name;
	void *at; /* a pointer to a function, which is set */
};

struct dynlib {
	const char *file; /* "libcurl.so.4" */
	const struct dynlib_symbol *symbols;
	size_t count;
	bool loaded; /* and for good: a library stays as long as the process */
};

#define DYNLIB(library, table)                                                    \
	{                                                                         \
		.file = (library), .symbols = (table), .count = ARRAY_LEN(table), \
	}

/* Does nothing where it is loaded. Not for threads. Errors: ERR_UNSUPPORTED, with why it can not be used. */
int dynlib_load(struct dynlib *library, struct err *err) NODISCARD;

#endif
