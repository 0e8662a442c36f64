/* SPDX-License-Identifier: Apache-2.0
 *
 * An allocator to give to a library that passes secrets through its own memory (libcurl, jansson): what it frees is wiped first, and
 * growing leaves no old copy behind. Blocks may be freed by wipe_heap_free() only. Never through malloc's realloc, which copies in silence.
 */
#ifndef BASE_WIPE_HEAP_H
#define BASE_WIPE_HEAP_H

#include <stddef.h>

/* As malloc, calloc, realloc, strdup and free. */
void *wipe_heap_alloc(size_t size);
void *wipe_heap_zeroed(size_t count, size_t size);
void *wipe_heap_resize(void *block, size_t size);
char *wipe_heap_text(const char *text);
void wipe_heap_free(void *block);

#endif
