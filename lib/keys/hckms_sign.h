/* SPDX-License-Identifier: Apache-2.0
 *
 * Huawei Cloud's signature of requests: SDK-HMAC-SHA256.
 */
#ifndef KEYS_HCKMS_SIGN_H
#define KEYS_HCKMS_SIGN_H

#include "keys/http_ask.h"

/* All texts are used as they are; null spans: none. */
struct hckms_keys {
	struct span access, secret;
	struct span token;   /* of temporary keys */
	struct span project; /* id */
};

enum { HCKMS_TIME_LEN = 16 /* bytes of "20260102T030405Z" */ };

/* Adds X-Sdk-Date, X-Project-Id, X-Security-Token and Authorization to an ask whose method, URL and body are as they are sent. now: seconds since 1970.
 * Errors: ERR_FORMAT (a URL that is none), ERR_VALUE (a time that can not be written), ERR_NOMEM. */
int hckms_sign(struct http_ask *ask, const struct hckms_keys *keys, int64_t now, struct err *err)
	NODISCARD;

#endif
