/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenPGP keys and messages of tests/data/pgp.
 */
#ifndef UNIT_PGP_FILES_H
#define UNIT_PGP_FILES_H

#include "mangle.h"

#include "base/buf.h"
#include "keys/pgp_armor.h"
#include "keys/pgp_key.h"

#include <stdio.h>

enum { PGP_FILE_MAX = 65536 };

/* Appends a file. */
static inline void pgp_file(const char *name, struct buf *out)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "tests/data/pgp/%s", name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("no file %s", path);
	assert_non_null(buf_room(out, PGP_FILE_MAX));
	out->len += fread(out->data + out->len, 1, PGP_FILE_MAX, file);
	fclose(file);
}

/* The packets in an armored file. */
static inline struct span pgp_file_packets(const char *name, struct secret_pool *pool)
{
	CLEAN_BUF struct buf text = BUF_INIT(2 * PGP_FILE_MAX);
	struct err err = ERR_INIT;
	struct span rest, bytes;

	pgp_file(name, &text);
	rest = buf_span(&text);
	if (pgp_armor_next(&rest, pool, &bytes, &err) != 1)
		fail_msg("%s: %s", name, err.msg);
	return bytes;
}

/* The secret keys in an armored file. */
static inline struct pgp_secret *pgp_file_keys(const char *name, struct secret_pool *pool)
{
	struct pgp_found found = {.list = NULL};
	struct err err = ERR_INIT;

	if (pgp_key_read(pgp_file_packets(name, pool), pool, &found, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	return found.list;
}

#endif
