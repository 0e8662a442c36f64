/* SPDX-License-Identifier: Apache-2.0
 *
 * What Flux lists where there is no kustomization; see flux_list.h.
 */
#include "flux_list.h"

#include "flux_generate.h"
#include "walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The YAML files and kustomizations of a folder without one: what Flux lists as resources. */
struct listing {
	struct arena arena;
	struct span *list;
	size_t count;
	const char *folder;
	char skip
		[PATH_MAX]; /* a folder with a kustomization of its own, with a slash: what is in it is not listed */
	const struct stage *stage;
};

static bool has_kustomization(const struct listing *listing, const char *folder)
{
	char path[3 * PATH_MAX];
	struct stat st;
	size_t i;

	for (i = 0; i < FLUX_KUSTOMIZATION_NAMES; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, flux_kustomization_names[i]);
		if (fstatat(listing->stage->fd, path, &st, 0) == 0 && S_ISREG(st.st_mode))
			return true;
	}
	return false;
}

/* The outermost folder between the listing's and the file's that has a kustomization. `below` is relative to the listing's. */
static bool find_folder(struct listing *listing, const char *below, size_t *ret_len)
{
	char path[2 * PATH_MAX];
	size_t i;

	for (i = 0; below[i]; i++) {
		if (below[i] != '/')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%.*s", listing->folder, (int)i, below);
		if (has_kustomization(listing, path)) {
			*ret_len = i;
			return true;
		}
	}
	return false;
}

static int list_add(struct listing *listing, struct span path, struct err *err)
{
	struct span *list = listing->list;
	char *text;

	if ((listing->count & (listing->count - 1)) == 0) {
		list = arena_alloc(&listing->arena,
				   (listing->count ? 2 * listing->count : 1) * sizeof(*list), err);
		if (!list)
			return -1;
		if (listing->count)
			memcpy(list, listing->list, listing->count * sizeof(*list));
		listing->list = list;
	}
	text = arena_alloc(&listing->arena, path.len + 3, err);
	if (!text)
		return -1;
	memcpy(text, "./", 2);
	memcpy(text + 2, path.data, path.len);
	listing->list[listing->count++] = span_of(text, path.len + 2);
	return 0;
}

static enum walk_next list_file(void *cookie, const struct walk_file *file, struct err *err)
{
	struct listing *listing = cookie;
	struct span path = span_str(file->path), name = span_str(file->name);
	size_t len;

	if (listing->skip[0] && span_starts(path, span_str(listing->skip)))
		return WALK_ON;
	if (find_folder(listing, file->path, &len)) {
		(void)snprintf(listing->skip, sizeof(listing->skip), "%.*s/", (int)len, file->path);
		return list_add(listing, span_sub(path, 0, len), err) < 0 ? WALK_ERROR : WALK_ON;
	}
	if (!span_ends(name, SPAN(".yaml")) && !span_ends(name, SPAN(".yml")))
		return WALK_ON;
	return list_add(listing, path, err) < 0 ? WALK_ERROR : WALK_ON;
}

static int by_path(const void *left, const void *right)
{
	const struct span *a = left, *b = right;
	size_t i;

	/* As Go's walk goes: name by name, so that the slash comes before all else. */
	for (i = 0; i < a->len && i < b->len && a->data[i] == b->data[i]; i++)
		;
	if (i == a->len || i == b->len)
		return a->len < b->len ? -1 : a->len > b->len;
	if (a->data[i] == '/' || b->data[i] == '/')
		return a->data[i] == '/' ? -1 : 1;
	return a->data[i] < b->data[i] ? -1 : 1;
}

/* fluxcd/pkg: kustomize/kustomize_generator.go (scanManifests) */
struct doc_node *flux_list(const struct stage *stage, const char *folder, struct doc *doc,
			   struct err *err)
{
	struct listing listing = {
		.arena = ARENA_INIT((size_t)64 * 1024 * 1024), .folder = folder, .stage = stage};
	char root[2 * PATH_MAX];
	const struct walk_options options = {.root = root, .files_max = STAGE_FILES_MAX};
	struct doc_node *node = NULL;
	size_t i;

	(void)snprintf(root, sizeof(root), "%s/%s", stage->path, folder);
	if (walk_tree(&options, list_file, &listing, NULL, NULL, err) == 0) {
		if (listing.count)
			qsort(listing.list, listing.count, sizeof(*listing.list), by_path);
		/* The doc outlives the list. */
		for (i = 0; i < listing.count; i++) {
			if (arena_dup(&doc->arena, listing.list[i], &listing.list[i], err) < 0)
				break;
		}
		if (i == listing.count)
			node = flux_generate_new(doc, listing.list, listing.count, err);
	}
	arena_release(&listing.arena);
	return node;
}
