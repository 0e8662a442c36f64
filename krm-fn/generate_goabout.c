/* SPDX-License-Identifier: Apache-2.0
 *
 * The config of goabout/kustomize-sopssecretgenerator: one Secret of environments and files, all in `data`, with a name hash unless it is
 * switched off. sopssecretgenerator: SopsSecretGenerator.go
 */
#include "generate_parts.h"

#include "conf.h"

#define HASH_ANNOTATION     "kustomize.config.k8s.io/needs-hash"
#define BEHAVIOR_ANNOTATION "kustomize.config.k8s.io/behavior"

/* What says how the generator is run, or is kustomize's own book-keeping, is not the Secret's. */
static bool is_left_out(struct span annotation)
{
	static const char *const names[] = {
		"config.kubernetes.io/local-config",
		"config.kubernetes.io/function",
		"config.kubernetes.io/index",
		"config.kubernetes.io/path",
		"config.k8s.io/id",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (span_is(annotation, names[i]))
			return true;
	}
	return span_starts(annotation, SPAN("internal.config.kubernetes.io/"));
}

/* Sets one annotation, in the place of one of that name. There is room. */
static void annotate(struct generate_pairs *pairs, struct span key, struct span value)
{
	size_t i;

	for (i = 0; i < pairs->count && !span_eq(pairs->at[i].key, key);)
		i++;
	pairs->count += i == pairs->count;
	pairs->at[i] = (struct generate_pair){.key = key, .value = value};
}

static int set_annotations(const struct generate_adder *add, struct generate_secret *secret,
			   bool hash, struct span behavior, struct err *err)
{
	const struct generate_pairs old = secret->annotations;
	struct generate_pairs *new = &secret->annotations;
	size_t i;

	new->count = 0;
	new->at = arena_alloc(&add->plan->arena, (old.count + 2) * sizeof(*new->at), err);
	if (!new->at)
		return -1;
	for (i = 0; i < old.count; i++) {
		if (!is_left_out(old.at[i].key))
			annotate(new, old.at[i].key, old.at[i].value);
	}
	if (hash)
		annotate(new, SPAN(HASH_ANNOTATION), SPAN("true"));
	if (behavior.len)
		annotate(new, SPAN(BEHAVIOR_ANNOTATION), behavior);
	return 0;
}

int generate_goabout(const struct generate_adder *add, struct err *err)
{
	const struct doc_node *config = add->config->node;
	struct span behavior = SPAN_NULL;
	struct generate_secret *secret;
	size_t number = add->plan->secret_count;
	bool no_hash = false;

	secret = generate_add_secret(add, err);
	if (!secret)
		return -1;
	secret->data_always = true;
	if (generate_metadata(add, doc_get(config, "metadata"), "metadata", secret, err) < 0 ||
	    generate_text(add, doc_get(config, "type"), "type", &secret->type, err) < 0 ||
	    generate_text(add, doc_get(config, "behavior"), "behavior", &behavior, err) < 0)
		return -1;
	if (conf_bool(config, "disableNameSuffixHash", &no_hash, err) < 0)
		return generate_bad("disableNameSuffixHash", "true or false", err);
	if (set_annotations(add, secret, !no_hash, behavior, err) < 0)
		return -1;
	if (generate_add_files(add, doc_get(config, "envs"), GENERATE_SOURCE, number, "envs",
			       "env source", err) < 0)
		return -1;
	return generate_add_files(add, doc_get(config, "files"), GENERATE_BINARY, number, "files",
				  "file source", err);
}
