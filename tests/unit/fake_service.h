/* SPDX-License-Identifier: Apache-2.0
 *
 * A key service that opens what its own text says, for tests: `enc` is "open:HEX" (opens to these bytes), "no" (not mine), "denied",
 * "unreachable" or anything else (malformed). It counts what it was asked.
 */
#ifndef UNIT_FAKE_SERVICE_H
#define UNIT_FAKE_SERVICE_H

#include "keys/keyring.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

struct fake_log {
	size_t calls, requests, most; /* most: requests of the largest call */
	char order[256];              /* the ids of the keys, in the order of asking */
};

static inline uint8_t fake_nibble(uint8_t c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline int fake_answer(struct secret_pool *pool, struct key_request *request,
			      struct err *err)
{
	struct span enc = request->key->enc;
	uint8_t *bytes;
	size_t i;

	request->verdict = KEY_FAILED;
	request->code = ERR_FORMAT;
	snprintf(request->why, sizeof(request->why), "malformed");
	if (span_is(enc, "no")) {
		request->verdict = KEY_NOT_MINE;
		request->code = ERR_NO_KEY;
		snprintf(request->why, sizeof(request->why), "not mine");
	} else if (span_is(enc, "denied")) {
		request->code = ERR_DENIED;
		snprintf(request->why, sizeof(request->why), "denied");
	} else if (span_is(enc, "unreachable")) {
		request->code = ERR_UNREACHABLE;
		snprintf(request->why, sizeof(request->why), "unreachable");
	} else if (span_starts(enc, SPAN("open:"))) {
		enc = span_from(enc, 5);
		bytes = secret_alloc(pool, enc.len / 2 + 1, err);
		if (!bytes)
			return -1;
		for (i = 0; i < enc.len / 2; i++)
			bytes[i] = (uint8_t)(fake_nibble(enc.data[2 * i]) << 4 |
					     fake_nibble(enc.data[2 * i + 1]));
		request->opened = span_of(bytes, enc.len / 2);
		request->verdict = KEY_OPENED;
		request->code = ERR_NONE;
	}
	return 0;
}

static inline int fake_open(void *cookie, struct secret_pool *pool, struct key_request *requests,
			    size_t n, struct err *err)
{
	struct fake_log *log = cookie;
	size_t i, len;

	log->calls++;
	log->requests += n;
	log->most = n > log->most ? n : log->most;
	for (i = 0; i < n; i++) {
		if (span_is(requests[i].key->enc, "fatal"))
			return err_nomem(err);
		if (fake_answer(pool, &requests[i], err) < 0)
			return -1;
		len = strlen(log->order);
		snprintf(log->order + len, sizeof(log->order) - len, "%.*s ",
			 (int)requests[i].key->id.len, (const char *)requests[i].key->id.data);
	}
	return 0;
}

static inline void fake_close(void *cookie)
{
	(void)cookie;
}

#define FAKE_SERVICE(service_type, is_offline)                                   \
	{                                                                        \
		.name = "fake", .type = (service_type), .offline = (is_offline), \
		.open = fake_open, .close = fake_close                           \
	}

/* The data key of seal.h as an `enc`. */
#define FAKE_KEY "open:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

#endif
