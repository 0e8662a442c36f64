/* SPDX-License-Identifier: Apache-2.0
 *
 * The KRM function without its input and output; see function.h. Which of transform, generate and validate it is says functionConfig
 * (config.h); never what happens to be in the input, as a wrong guess would delete a build (krm-and-flux.md, T2, T7).
 */
#include "function.h"

#include "generate.h"
#include "item.h"

/* A caller that sends no functionConfig may still send it as the only item, as kustomize does to generators. */
static void adopt_config(struct resource_list *list)
{
	if (!list->config && list->count == 1 &&
	    (item_is(list->items[0], CONFIG_GROUP, CONFIG_KIND) ||
	     span_is(item_group(list->items[0]), CONFIG_GROUP_KSOPS) ||
	     span_is(item_group(list->items[0]), CONFIG_GROUP_GOABOUT)))
		list->config = list->items[0];
}

static int choose_mode(const struct function *fn, enum config_mode *ret_mode, struct err *err)
{
	const struct config *config = &fn->config;
	bool files = config->files || config->secret_from || config->source == CONFIG_GOABOUT;
	bool generator = resource_list_is_generator(&fn->list);

	*ret_mode = config->mode;
	if (config->mode == CONFIG_DEFAULT)
		*ret_mode = generator && files ? CONFIG_GENERATE : CONFIG_TRANSFORM;
	if (*ret_mode == CONFIG_GENERATE) {
		/* What a generator is given it replaces: any other object would be gone from the build. */
		if (fn->list.count == 0 || generator)
			return 0;
		(void)err_set(err, ERR_USAGE,
			      "functionConfig: mode generate, but the items are "
			      "not the functionConfig alone");
		return err_hint(err, "name it under generators:, not under transformers:");
	}
	/* kustomize hands a generator nothing to decrypt: all ciphertext of the build would go by. */
	if (generator && !files &&
	    (config->source == CONFIG_OURS || config->source == CONFIG_MAP) &&
	    !item_is_in_place(fn->list.items[0])) {
		(void)err_set(err, ERR_USAGE,
			      "functionConfig: a generator without 'files' and 'secretFrom'");
		return err_hint(err, "to decrypt what is built, name it under transformers:, not "
				     "under generators:");
	}
	if (files) {
		(void)err_set(err, ERR_USAGE,
			      "functionConfig: 'files' and 'secretFrom' are for mode generate");
		return err_hint(err, "name it under generators:, not under transformers:");
	}
	return 0;
}

/* kpt and `kustomize fn run` would write what a generator makes into the tree. */
static int refuse_generated_on_disk(const struct function *fn, struct err *err)
{
	if (fn->config.allow_plaintext || fn->list.count == 0 ||
	    !item_is_in_place(fn->list.items[0]))
		return 0;
	(void)err_set(err, ERR_POLICY, "what is generated would be written to files decrypted");
	return err_hint(err, "in functionConfig, 'spec: {allowPlaintextOnDisk: true}'");
}

static int generate(struct function *fn)
{
	CLEAN_GENERATE_PLAN struct generate_plan plan = GENERATE_PLAN_INIT;
	const struct generate_input input = {.items = fn->list.items, .count = fn->list.count};
	struct report *report = &fn->transform.report;
	struct err err = ERR_INIT;

	if (refuse_generated_on_disk(fn, &err) < 0) {
		report_add(report, &err, fn->list.items[0]);
		return -1;
	}
	if (generate_plan_add(&plan, &fn->config, &err) < 0) {
		report_add(report, &err, NULL);
		return -1;
	}
	return generate_run(&fn->session, &fn->config, &plan, &input, report, &fn->out);
}

static int run_mode(struct function *fn, enum config_mode mode)
{
	struct transform *transform = &fn->transform;

	switch (mode) {
	case CONFIG_GENERATE:
		return generate(fn);
	case CONFIG_VALIDATE:
		if (transform_validate(transform) < 0)
			return -1;
		resource_list_empty(&fn->out);
		return 0;
	default:
		return transform_run(transform, &fn->out);
	}
}

/* kustomize leaves out of an exec function's environment, without a word, what has a second '=' or none: most keys in base64 (krm-and-flux.md,
 * T12). */
static void hint_at_envs(struct function *fn)
{
	static const char *const names[] = {"config.kubernetes.io/function",
					    "config.k8s.io/function"};
	struct report *report = &fn->transform.report;
	bool envs = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct span text = item_annotation(fn->list.config, names[i]);

		envs = envs || span_search(text, SPAN("envs")) != SIZE_MAX;
	}
	for (i = 0; i < report->count && envs; i++) {
		struct err *err = &report->entries[i].err;

		if (err->code == ERR_NO_KEY && !keyring_age_count(&fn->session.ring))
			(void)err_hint(err, "of `exec: {envs: [...]}` kustomize drops what has a "
					    "second '=', or none");
	}
}

int function_run(struct function *fn, struct err *err)
{
	struct transform *transform = &fn->transform;
	enum config_mode mode = CONFIG_DEFAULT;

	if (resource_list_read(buf_span(&fn->text), &fn->list, err) < 0)
		return -1;
	adopt_config(&fn->list);
	fn->config.text = fn->list.text;
	if (config_read(fn->list.config, &fn->config, err) < 0 || choose_mode(fn, &mode, err) < 0 ||
	    session_start(&fn->session, &fn->config, err) < 0) {
		report_add(&transform->report, err, fn->list.config);
		return -1;
	}
	transform->session = &fn->session;
	transform->config = &fn->config;
	transform->text = fn->list.text;
	transform->doc = &fn->list.doc;
	transform->items = fn->list.items;
	transform->count = fn->list.count;
	if (run_mode(fn, mode) == 0)
		return 0;
	hint_at_envs(fn);
	return -1;
}

void function_release(struct function *fn)
{
	if (!fn)
		return;
	transform_release(&fn->transform);
	buf_release(&fn->out);
	resource_list_release(&fn->list);
	buf_release(&fn->text);
	config_release(&fn->config);
	session_release(&fn->session);
}
