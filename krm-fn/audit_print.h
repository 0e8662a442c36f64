/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of `krm-sops audit`, as text and as JSON.
 */
#ifndef AUDIT_PRINT_H
#define AUDIT_PRINT_H

#include "audit.h"

struct audit_report {
	const char *path;
	uint32_t line;                /* of a document in a stream of several; 0: the file is one */
	const struct sops_meta *meta; /* NULL: it could not be read */
	const char *config;           /* the .sops.yaml; NULL: none */
	const struct creation_rule *rule; /* NULL: none fits */
	const struct audit *audit;
	const char *message; /* of AUDIT_ERROR */
};

void audit_print_text(const struct audit_report *report, struct buf *out);
int audit_print_json(const struct audit_report *report, struct buf *out, struct err *err) NODISCARD;

#endif
