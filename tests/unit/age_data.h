/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of tests/data/age, which tests/data/age/make.py makes with the real age, ssh-keygen and openssl. Tests run in the project's
 * root.
 */
#ifndef AGE_DATA_H
#define AGE_DATA_H

#include "mangle.h"

#include "base/buf.h"

#include <stdio.h>

enum { AGE_DATA_MAX = 1024 * 1024 };

/* Appends the file to out. */
static inline void age_data(const char *name, struct buf *out)
{
	char path[256];
	FILE *in;
	int c;

	(void)snprintf(path, sizeof(path), "tests/data/age/%s", name);
	in = fopen(path, "rb");
	if (!in)
		fail_msg("%s is not there: tests run in the project's root", path);
	while ((c = getc(in)) != EOF)
		buf_add_char(out, (uint8_t)c);
	fclose(in);
	assert_int_equal(out->bad, ERR_NONE);
}

static inline int age_data_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads up to cap bytes of lower-case hex from the start of text; how many there were. */
static inline size_t age_data_unhex(struct span text, uint8_t *out, size_t cap)
{
	size_t n;

	for (n = 0; n < cap && 2 * n + 1 < text.len; n++) {
		int high = age_data_digit(text.data[2 * n]),
		    low = age_data_digit(text.data[2 * n + 1]);

		if (high < 0 || low < 0)
			break;
		out[n] = (uint8_t)(high << 4 | low);
	}
	return n;
}

/* The data key that most of the files hold. */
static inline void age_data_key(uint8_t key[static 32])
{
	CLEAN_BUF struct buf text = BUF_INIT(256);

	age_data("datakey.hex", &text);
	assert_int_equal(age_data_unhex(buf_span(&text), key, 32), 32);
}

#endif
