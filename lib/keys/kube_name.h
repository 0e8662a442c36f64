/* SPDX-License-Identifier: Apache-2.0
 *
 * What objects of Kubernetes may be called: names become parts of paths, so whatever is none is refused before it gets there.
 */
#ifndef KEYS_KUBE_NAME_H
#define KEYS_KUBE_NAME_H

#include "base/span.h"

enum { KUBE_NAME_MAX = 253 /* bytes of a Kubernetes name (RFC 1123 subdomain) */ };
bool kube_name_valid(struct span name);

#endif
