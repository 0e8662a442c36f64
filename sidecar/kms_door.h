/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS KMS as far as SOPS needs it: TrentService.Decrypt on loopback, for programs that can be told where KMS is but not to ask a key service, such as Flux's
 * controller (AWS_ENDPOINT_URL_KMS). The data key is fetched with the sidecar's own credentials, or comes from its cache; so the asking process needs no
 * role. Loopback knows no peer: a request must be signed with the door's own key pair.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
 */
#ifndef KMS_DOOR_H
#define KMS_DOOR_H

#include "http_door.h"
#include "kms_sign.h"

struct kms_door {
	int line; /* to the keeper */
	int timeout_ms;
	struct kms_pair pair;
};

void kms_door_answer(const struct kms_door *door, struct http_exchange *exchange);

#endif
