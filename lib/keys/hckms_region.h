/* SPDX-License-Identifier: Apache-2.0
 *
 * Key ids of Huawei Cloud KMS, and where their region's services are.
 */
#ifndef KEYS_HCKMS_REGION_H
#define KEYS_HCKMS_REGION_H

#include "base/buf.h"
#include "keys/key_host.h"

/* Parts of "REGION:UUID". */
struct hckms_id {
	struct span region, key;
};

/* Both trimmed. The region becomes part of a host's name, so it is letters, digits and "-" only; so is the key. ERR_FORMAT. */
int hckms_id_parse(struct span text, struct hckms_id *ret_id, struct err *err) NODISCARD;

/* Appends "https://kms.REGION.myhuaweicloud.com", or what HUAWEICLOUD_SDK_REGION_KMS_REGION_NAME names in its place. Errors: ERR_USAGE for what is no
 * URL, ERR_POLICY for http:// to another machine and for a region that no region is called like. */
int hckms_endpoint(const struct key_host *host, struct span region, struct buf *out,
		   struct err *err) NODISCARD;

/* The same of the service that knows projects; HUAWEICLOUD_SDK_IAM_ENDPOINT names another. */
int hckms_iam_endpoint(const struct key_host *host, struct span region, struct buf *out,
		       struct err *err) NODISCARD;

#endif
