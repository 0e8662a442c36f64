/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypted resources read as they will be found in kustomize's output; see flux_ahead.h.
 */
#include "flux_ahead.h"

#include "find.h"
#include "manifests.h"

#include "sops/sops_value.h"

#include <stdlib.h>

struct flux_ahead_file {
	struct flux_ahead_file *next;
	struct buf text;
	struct manifests manifests;
	struct find find;
};

static void file_free(struct flux_ahead_file *file)
{
	find_release(&file->find);
	manifests_release(&file->manifests);
	buf_release(&file->text);
	free(file);
}

static struct flux_ahead_file *file_new(size_t max)
{
	struct flux_ahead_file *file = calloc(1, sizeof(*file));

	if (file)
		*file = (struct flux_ahead_file){
			.text = BUF_INIT(max + 1),
			.manifests = MANIFESTS_INIT,
			.find = FIND_INIT,
		};
	return file;
}

static int look(struct flux_ahead_file *file, struct span text, const char *name, struct err *err)
{
	static const struct find_options options = {.flux = true};
	size_t i;

	if (span_search(text, SOPS_VALUE_BEGIN) == SIZE_MAX)
		return 0;
	if (manifests_read(text, name, &file->manifests, err) < 0)
		return -1;
	for (i = 0; i < file->manifests.count; i++) {
		if (find_in_item(&file->find, file->manifests.items[i], &options, err) < 0)
			return -1;
	}
	return 0;
}

/* Of a file in the copy, where a link that leads elsewhere by now is not followed out of it; or of a text that was read already. */
static int add(struct flux_ahead *ahead, const struct confine *root, const char *path,
	       struct span text, size_t *left, struct err *err)
{
	struct flux_ahead_file *file = file_new(*left);
	struct err own = ERR_INIT;
	int r = 0;

	if (!file)
		return err_nomem(err);
	if (root) {
		r = confine_read(root, path, *left, &file->text, &own);
		text = buf_span(&file->text);
		*left -= text.len;
	}
	if (r == 0)
		r = look(file, text, path, &own);
	if (r < 0 || !file->find.count) {
		file_free(file);
		return r < 0 && own.code == ERR_NOMEM ? err_nomem(err) : 0;
	}
	file->next = ahead->files;
	ahead->files = file;
	ahead->count += file->find.count;
	return 0;
}

int flux_ahead_read(struct flux_ahead *ahead, const struct flux_sources *sources, struct span vars,
		    struct err *err)
{
	size_t left = FLUX_AHEAD_MAX, i;

	for (i = 0; i < sources->sealed_count && left; i++) {
		if (add(ahead, &sources->root, sources->sealed[i], SPAN_NULL, &left, err) < 0)
			return -1;
	}
	return add(ahead, NULL, "--substitute-from", vars, &left, err);
}

void flux_ahead_add_jobs(const struct flux_ahead *ahead, struct decrypt_job *jobs)
{
	struct flux_ahead_file *file;
	size_t i;

	for (file = ahead->files; file; file = file->next) {
		for (i = 0; i < file->find.count; i++, jobs++) {
			const struct find_hit *hit = &file->find.hits[i];

			*jobs = (struct decrypt_job){
				.input = hit->input, .in_format = hit->in_format, .ask_only = true};
			if (hit->kind != FIND_WHOLE)
				continue;
			jobs->tree_doc = &file->manifests.doc;
			jobs->tree = hit->item;
		}
	}
}

void flux_ahead_release(struct flux_ahead *ahead)
{
	struct flux_ahead_file *file, *next;

	for (file = ahead->files; file; file = next) {
		next = file->next;
		file_free(file);
	}
	*ahead = (struct flux_ahead)FLUX_AHEAD_INIT;
}
