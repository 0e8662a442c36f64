/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in which kustomize prints the keys of a map: version 2 of go-yaml, where numbers within a key count as numbers.
 */
#ifndef FLUX_ORDER_H
#define FLUX_ORDER_H

#include "doc/doc.h"

/* Sorts by key. scratch has room for n.
 *
 * go-yaml's comparison goes in circles (`08` < `110` < `1x` < `08`: letters behind a digit, numbers by value), so no sort that counts on an order may have
 * it, qsort() least of all. Differs: where keys are a circle, Flux prints another order at each run; here it depends on the keys alone. */
void flux_order_sort(const struct doc_node **list, size_t n, const struct doc_node **scratch);

#endif
