/* SPDX-License-Identifier: Apache-2.0
 *
 * Resource ids of Google Cloud KMS.
 */
#ifndef KEYS_GCP_RESOURCE_H
#define KEYS_GCP_RESOURCE_H

#include "base/buf.h"

/* Appends "/v1/projects/.../cryptoKeys/...:decrypt", the path that the key with this id is asked at. ERR_FORMAT where it is no id. */
int gcp_resource_path(struct span id, struct buf *out, struct err *err) NODISCARD;

#endif
