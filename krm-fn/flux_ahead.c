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

static int look(const struct flux_sources *sources, const char *path, size_t max,
		struct flux_ahead_file *file, struct err *err)
{
	static const struct find_options options = {.flux = true};
	size_t i;

	/* As it was copied: a link that leads elsewhere by now is not followed out of the copy. */
	if (confine_read(&sources->root, path, max, &file->text, err) < 0)
		return -1;
	if (span_search(buf_span(&file->text), SOPS_VALUE_BEGIN) == SIZE_MAX)
		return 0;
	if (manifests_read(buf_span(&file->text), path, &file->manifests, err) < 0)
		return -1;
	for (i = 0; i < file->manifests.count; i++) {
		if (find_in_item(&file->find, file->manifests.items[i], &options, err) < 0)
			return -1;
	}
	return 0;
}

int flux_ahead_read(struct flux_ahead *ahead, const struct flux_sources *sources, struct err *err)
{
	size_t left = FLUX_AHEAD_MAX, i;

	for (i = 0; i < sources->sealed_count && left; i++) {
		struct flux_ahead_file *file = file_new(left);
		struct err own = ERR_INIT;
		int r = file ? look(sources, sources->sealed[i], left, file, &own) : -1;

		if (!file || (r < 0 && own.code == ERR_NOMEM)) {
			if (file)
				file_free(file);
			return err_nomem(err);
		}
		if (r < 0 || !file->find.count) {
			file_free(file);
			continue;
		}
		left -= file->text.len;
		file->next = ahead->files;
		ahead->files = file;
		ahead->count += file->find.count;
	}
	return 0;
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
