/* SPDX-License-Identifier: Apache-2.0
 *
 * Huawei Cloud's access keys as the machine has them, and the project that a region's keys belong to.
 */
#ifndef KEYS_HCKMS_TOKEN_H
#define KEYS_HCKMS_TOKEN_H

#include "keys/hckms_sign.h"
#include "keys/key_host.h"
#include "keys/token_cache.h"

/* HUAWEICLOUD_SDK_AK and _SK; a profile; a pod's identity; an ECS machine's own. The first that is there is used. */
struct hckms_token {
	struct token_cache cache; /* first */
	const struct key_host *host;
	struct hckms_keys
		keys; /* while the cache says that there are some; a project only where one is given */
	/* ours */
	struct secret_pool pool;
	struct http_ask ask;
};

/* The host must outlive it. */
void hckms_token_init(struct hckms_token *token, const struct key_host *host);
void hckms_token_release(struct hckms_token *token);

/* The project of a region, which the keys themselves do not tell. */
struct hckms_project {
	struct token_cache cache;        /* first */
	struct hckms_project *next;      /* the owner's */
	const struct hckms_token *token; /* has keys while this is fetched */
	struct span region;
	struct span id; /* while the cache says that there is one */
	/* ours */
	struct secret_pool pool;
	struct http_ask ask;
};

/* What is pointed to must outlive it; the region is copied. ERR_NOMEM. */
int hckms_project_init(struct hckms_project *project, struct span region,
		       const struct hckms_token *token, struct err *err) NODISCARD;
void hckms_project_release(struct hckms_project *project);

#endif
