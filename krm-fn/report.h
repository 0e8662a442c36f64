/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run has to tell: every error of it in one report, not only the first; and notes. Printed on stderr, and for callers that read them
 * put into the `results` of the ResourceList (krm-and-flux.md 1.5).
 */
#ifndef REPORT_H
#define REPORT_H

#include "doc/doc.h"

enum {
	REPORT_MAX = 20, /* errors kept: a screen; the rest is counted */
};

struct report_entry {
	struct err err;
	const struct doc_node *item; /* NULL: it concerns no item */
};

struct report {
	struct report_entry *entries;
	size_t count; /* kept */
	size_t all;   /* told to us */
};

#define REPORT_INIT             \
	{                       \
		.entries = NULL \
	}
#define CLEAN_REPORT CLEANUP(report_release)

/* Keeps a copy of the error. Where memory is short it is only counted. */
void report_add(struct report *report, const struct err *err, const struct doc_node *item);

/* Prints the errors as command_fail() does, with hints that differ from the last, and how many more there are. Returns the exit status of the first. */
int report_print(const struct report *report);

/* One line on stderr that is no error: "krm-sops: TEXT". */
void report_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Appends the errors as a JSON list of results, which is YAML in flow style too. No value of a document is ever in it. */
void report_results(const struct report *report, struct buf *out);

void report_release(struct report *report);

#endif
