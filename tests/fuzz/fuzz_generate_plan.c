/* SPDX-License-Identifier: Apache-2.0
 *
 * Configs of generators, as KSOPS and as SopsSecretGenerator read them: a plan names files that can be opened and Secrets that have a name,
 * and reading it again gives the same.
 */
#include "generate_plan.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_config(enum config_source source, struct span text, struct doc *doc,
		       struct generate_plan *plan, struct err *err)
{
	CLEAN_CONFIG struct config config = CONFIG_INIT;

	config.text = text;
	if (doc_read(DOC_YAML, text, doc, err) < 0 ||
	    config_read_as(source, doc->first, &config, err) < 0)
		return -1;
	return generate_plan_add(plan, &config, err);
}

static void check(const struct generate_plan *plan, const struct generate_plan *again)
{
	size_t i;

	assert(plan->file_count == again->file_count && plan->secret_count == again->secret_count);
	for (i = 0; i < plan->file_count; i++) {
		const struct generate_file *file = &plan->files[i];

		assert(file->path[0] && file->label[0] && file->parse[0]);
		assert((file->use == GENERATE_MANIFEST) == (file->secret == SIZE_MAX));
		assert(file->use == GENERATE_MANIFEST || file->secret < plan->secret_count);
		assert(strcmp(file->path, again->files[i].path) == 0);
		assert(span_eq(file->key, again->files[i].key));
	}
	for (i = 0; i < plan->secret_count; i++) {
		assert(plan->secrets[i].name.len > 0);
		assert(span_eq(plan->secrets[i].type, again->secrets[i].type));
		assert(plan->secrets[i].annotations.count == again->secrets[i].annotations.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	CLEAN_GENERATE_PLAN struct generate_plan again = GENERATE_PLAN_INIT;
	CLEAN_DOC struct doc one = DOC_INIT, two = DOC_INIT;
	enum config_source source = size && data[0] == '#' ? CONFIG_GOABOUT : CONFIG_KSOPS;
	struct span text = span_of(data, size);
	struct err err = ERR_INIT;

	if (read_config(source, text, &one, &plan, &err) < 0) {
		assert(err.code != ERR_NONE && err.msg[0]);
		return 0;
	}
	assert(read_config(source, text, &two, &again, &err) == 0);
	check(&plan, &again);
	return 0;
}
