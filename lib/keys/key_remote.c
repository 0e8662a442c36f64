/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks another process for data keys; see key_remote.h. All requests of a round are one message. The services count as offline, so that the
 * order of types alone decides who is asked first: whether the other side needs a network is its own business.
 */
#include "keys/key_remote.h"

#include "keys/unwrap.h"

#include <stdio.h>

/* What went wrong on the way concerns each of these requests, but not those of other services. */
static int fail_all(struct key_request *requests, size_t n, const struct err *why, struct err *err)
{
	size_t i;

	if (why->code == ERR_NOMEM)
		return err_nomem(err);
	for (i = 0; i < n; i++) {
		requests[i].verdict = KEY_FAILED;
		requests[i].code = why->code;
		snprintf(requests[i].why, sizeof(requests[i].why), "%.*s", KEY_WHY_MAX - 1,
			 why->msg);
	}
	return 0;
}

static int open_all(void *cookie, struct secret_pool *pool, struct key_request *requests, size_t n,
		    struct err *err)
{
	CLEAN_BUF struct buf frame = BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	CLEAN_BUF struct buf body = BUF_INIT(UNWRAP_BODY_MAX);
	const struct key_remote *remote = cookie;
	struct err why = ERR_INIT;

	unwrap_put_request(remote->secret, span_str(remote->label ? remote->label : ""), requests,
			   n, &frame);
	if (buf_check(&frame, &why) < 0 ||
	    remote->exchange(remote->cookie, buf_span(&frame), &body, &why) < 0 ||
	    unwrap_get_reply(buf_span(&body), pool, requests, n, &why) < 0)
		return fail_all(requests, n, &why, err);
	return 0;
}

static void close_none(void *cookie)
{
}

/* One a type, as a ring's service has one type. */
#define REMOTE(list, of)                                                                         \
	{                                                                                        \
		.name = list, .type = of, .offline = true, .open = open_all, .close = close_none \
	}
static const struct keyservice services[] = {
	REMOTE("kms", SOPS_KEY_KMS),           REMOTE("gcp_kms", SOPS_KEY_GCP_KMS),
	REMOTE("hckms", SOPS_KEY_HCKMS),       REMOTE("azure_kv", SOPS_KEY_AZURE_KV),
	REMOTE("hc_vault", SOPS_KEY_HC_VAULT), REMOTE("pgp", SOPS_KEY_PGP),
	REMOTE("age", SOPS_KEY_AGE),
};

int key_remote_add(struct keyring *ring, struct key_remote *remote, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(services); i++) {
		if (keyring_add_service(ring, &services[i], remote, err) < 0)
			return -1;
	}
	return 0;
}
