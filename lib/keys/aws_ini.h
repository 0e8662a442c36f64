/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of AWS's shared config and credentials files. Nothing in them is malformed: what is no section, property or continuation is skipped,
 * as the SDK does. aws-sdk-go-v2: internal/ini
 *
 *   [profile prod]                 section "profile prod"
 *   region = eu-central-1          a property
 *   [services local]
 *   kms =
 *     endpoint_url = http://...    a nested property: key "kms", sub "endpoint_url"
 */
#ifndef KEYS_AWS_INI_H
#define KEYS_AWS_INI_H

#include "base/arena.h"

/* One property. Key and sub are in lower case; the value lies in the text that was read, but for one that goes over several lines. */
struct aws_ini_entry {
	struct aws_ini_entry *next;
	struct span section, key;
	struct span sub; /* a null span where it is not nested */
	struct span value;
};

struct aws_ini {
	struct arena arena;
	struct aws_ini_entry *first, *last;
	struct aws_ini_section {
		struct aws_ini_section *next;
		struct span name;
	} * sections; /* the latest first */
};

enum {
	AWS_INI_ARENA_MAX =
		64 * 1024 * 1024 /* bytes: a file of 4 MiB that is all properties of one letter */
};

#define AWS_INI_INIT                                   \
	{                                              \
		.arena = ARENA_INIT(AWS_INI_ARENA_MAX) \
	}
#define CLEAN_AWS_INI CLEANUP(aws_ini_release)

/* The text must outlive what is read from it. Errors: ERR_LIMIT, ERR_NOMEM. */
int aws_ini_read(struct span text, struct aws_ini *ret_ini, struct err *err) NODISCARD;

bool aws_ini_has_section(const struct aws_ini *ini, struct span section);

/* The value of the last such property of the section, a null span where there is none. sub: NULL for one that is not nested. */
struct span aws_ini_get(const struct aws_ini *ini, struct span section, const char *key,
			const char *sub);

/* Wipes and frees. NULL is fine. */
void aws_ini_release(struct aws_ini *ini);

#endif
