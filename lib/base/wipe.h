/* SPDX-License-Identifier: Apache-2.0
 *
 * Wiping: the only way in which this program gives memory back. Below everything else; knows nothing but libc.
 */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include "base/attr.h"

#include <stddef.h>

/* Sets len bytes to zero in a way that the compiler does not remove. data may be NULL where len is 0. */
void wipe(void *data, size_t len);

/* Wipes the whole block of `size` bytes, then frees it. NULL is fine. */
void wipe_free(void *data, size_t size);

/* A test hook, called with each block right before it goes back to the allocator; NULL in the product. Present in test builds
 * only (-DKRMSOPS_TEST). */
#ifdef KRMSOPS_TEST
extern void (*wipe_hook)(const void *data, size_t size);
#endif

/* CLEAN_WIPE(var): wipes a stack variable or array when it goes out of scope. A cleanup function gets no size, so a guard with pointer
 * and size is declared beside it. */
struct wipe_guard {
	void *data;
	size_t len;
};
static inline void wipe_guard_done(struct wipe_guard *g)
{
	wipe(g->data, g->len);
}
#define CLEAN_WIPE(var) \
	CLEANUP(wipe_guard_done) struct wipe_guard wipe_guard_##var UNUSED = {&(var), sizeof(var)}

#endif
