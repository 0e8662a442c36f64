/* SPDX-License-Identifier: Apache-2.0
 *
 * How the sidecar is: alive, ready, and in numbers (Prometheus text).
 */
#ifndef METRICS_H
#define METRICS_H

#include "api.h"

void metrics_health(const struct api *api, struct http_exchange *exchange);
void metrics_ready(const struct api *api, struct http_exchange *exchange);
void metrics_give(const struct api *api, struct http_exchange *exchange);

/* Counts a request that was answered. */
void metrics_count(struct shared_worker *own, enum api_route route, int status, int64_t took_us);

#endif
