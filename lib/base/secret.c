/* SPDX-License-Identifier: Apache-2.0
 *
 * Locked memory for keys, and the process settings that keep it private; see secret.h.
 */
#include "base/secret.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#if defined(__SANITIZE_ADDRESS__) || defined(KRMSOPS_TEST)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, size)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(data, size) ((void)0)
#endif

enum {
	REGION_SIZE =
		16 * 1024, /* bytes: 500 data keys; far below the usual RLIMIT_MEMLOCK of 8 MiB */
	ALIGN = 16,
};

struct secret_region {
	struct secret_region *next;
	struct secret_region *newer, *older; /* among those of all pools */
	uint8_t *data;                       /* of sodium_malloc */
	size_t size, used;
	bool unlocked;
};

/* Of all threads: what is in use, and what was wiped and waits for the next pool. */
static pthread_mutex_t regions_lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret_region *newest, *spares;
static unsigned spare_count, spare_max;

static void enlist(struct secret_region *region)
{
	region->newer = NULL;
	region->older = newest;
	if (newest)
		newest->newer = region;
	newest = region;
}

static void strike_out(const struct secret_region *region)
{
	if (region->older)
		region->older->newer = region->newer;
	if (region->newer)
		region->newer->older = region->older;
	else
		newest = region->older;
}

void secret_keep_spares(unsigned count)
{
	spare_max = count;
}

static struct secret_region *take_spare(void)
{
	struct secret_region *region;

	(void)pthread_mutex_lock(&regions_lock);
	region = spares;
	if (region) {
		spares = region->next;
		spare_count--;
		enlist(region);
	}
	(void)pthread_mutex_unlock(&regions_lock);
	if (region)
		ASAN_UNPOISON_MEMORY_REGION(region->data, region->size);
	return region;
}

/* False: there are enough of them, or it is none of the usual size. What is not used is zero already. */
static bool keep_spare(struct secret_region *region)
{
	bool keep;

	sodium_memzero(region->data, region->used);
	(void)pthread_mutex_lock(&regions_lock);
	strike_out(region);
	keep = region->size == REGION_SIZE && spare_count < spare_max;
	if (keep) {
		ASAN_POISON_MEMORY_REGION(region->data, region->size);
		region->used = 0;
		region->next = spares;
		spares = region;
		spare_count++;
	}
	(void)pthread_mutex_unlock(&regions_lock);
	return keep;
}

int secret_init(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, "libsodium did not start");
	return 0;
}

static struct secret_region *new_region(size_t size, struct err *err)
{
	struct secret_region *region = calloc(1, sizeof(*region));

	if (!region) {
		(void)err_nomem(err);
		return NULL;
	}
	region->size = size;
	region->data = sodium_malloc(size);
	if (!region->data) {
		free(region);
		(void)err_nomem(err);
		return NULL;
	}
	/* sodium_malloc locks too but does not say whether it could; a second lock of locked pages costs nothing. */
	region->unlocked = sodium_mlock(region->data, size) < 0;
	sodium_memzero(region->data, size);
	(void)pthread_mutex_lock(&regions_lock);
	enlist(region);
	(void)pthread_mutex_unlock(&regions_lock);
	return region;
}

static struct secret_region *add_region(struct secret_pool *pool, size_t need, struct err *err)
{
	struct secret_region *region = need > REGION_SIZE ? NULL : take_spare();

	if (!region)
		region = new_region(need > REGION_SIZE ? need : REGION_SIZE, err);
	if (!region)
		return NULL;
	pool->unlocked = pool->unlocked || region->unlocked;
	/* A large piece's region is full at once: behind the head, so that the head's room is not lost. */
	if (pool->head && need > REGION_SIZE) {
		region->next = pool->head->next;
		pool->head->next = region;
	} else {
		region->next = pool->head;
		pool->head = region;
	}
	return region;
}

uint8_t *secret_alloc(struct secret_pool *pool, size_t len, struct err *err)
{
	struct secret_region *region = pool->head;
	size_t need = (len + ALIGN - 1) / ALIGN * ALIGN;
	uint8_t *piece;

	if (len == 0 || len > SECRET_MAX) {
		(void)err_set(err, ERR_LIMIT, "a secret of %zu bytes; the limit is %d", len,
			      SECRET_MAX);
		return NULL;
	}
	if (!region || need > region->size - region->used) {
		region = add_region(pool, need, err);
		if (!region)
			return NULL;
	}
	piece = region->data + region->used;
	region->used += need;
	return piece;
}

int secret_dup(struct secret_pool *pool, struct span s, struct span *ret_copy, struct err *err)
{
	uint8_t *copy = secret_alloc(pool, s.len ? s.len : 1, err);

	if (!copy)
		return -1;
	if (s.len)
		memcpy(copy, s.data, s.len);
	*ret_copy = span_of(copy, s.len);
	return 0;
}

void secret_pool_release(struct secret_pool *pool)
{
	struct secret_region *region, *next;

	if (!pool)
		return;
	for (region = pool->head; region; region = next) {
		next = region->next;
		if (keep_spare(region))
			continue;
		sodium_free(region->data); /* wipes and unlocks */
		free(region);
	}
	pool->head = NULL;
}

static bool belongs(const struct secret_region *region, const struct secret_pool *pool)
{
	const struct secret_region *own = pool->head;

	while (own && own != region)
		own = own->next;
	return own != NULL;
}

/* Another thread may have held the lock when the process was forked, and is not here to give it back: then all that there is to do is to go on. */
void secret_forget_others(const struct secret_pool *kept)
{
	struct secret_region *region;

	if (pthread_mutex_trylock(&regions_lock) != 0)
		return;
	for (region = newest; region; region = region->older) {
		if (!belongs(region, kept))
			sodium_memzero(region->data, region->size);
	}
	(void)pthread_mutex_unlock(&regions_lock);
}

void secret_harden_process(void)
{
	const struct rlimit none = {0, 0};
	int saved = errno;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)umask(077);
	errno = saved;
}
