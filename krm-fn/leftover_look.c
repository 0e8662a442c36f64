/* SPDX-License-Identifier: Apache-2.0
 *
 * Where ciphertext is left, and what that means; see leftover_look.h.
 */
#include "leftover_look.h"

#include "find.h"
#include "item.h"
#include "leftover.h"

/* What Flux itself stops at: a Secret of the core group with `sops`. */
static bool flux_refuses(const struct doc_node *item)
{
	return item_is_secret(item) && span_is(doc_get_str(item, "apiVersion"), "v1") &&
	       doc_get(item, "sops");
}

static bool is_left_out(const struct config *config, const struct doc_node *item)
{
	/* Flux decrypts a SopsSecret where it decrypts anything. */
	return item_is_disabled(item) ||
	       (find_is_sops_secret(item) && (!config->flux || config->disabled));
}

static void look_at(const struct leftover_look *look, const struct doc_node *item, bool whole)
{
	const struct config *config = look->config;
	const struct leftover_scope scope = {
		.kinds = config->kinds,
		.kind_count = config->kind_count,
		.stand_in = look->stand_in,
		.string_data = config->string_data || look->every_kind,
	};
	CLEAN_ARENA struct arena arena = ARENA_INIT(DOC_INPUT_MAX);
	struct err err = ERR_INIT;
	const char *label;

	if (is_left_out(config, item) ||
	    leftover_find(item, whole || look->every_kind, &scope, &err) == 0)
		return;
	if (look->every_kind && err.code == ERR_VALUE && !flux_refuses(item))
		(void)err_hint(&err, "Flux does not decrypt it and applies it as it is; so does "
				     "'--compat flux', with a warning. What its reader decrypts is "
				     "annotated " ITEM_ANNOTATION_DECRYPT ": disabled");
	label = item_label(item, &arena, &err);
	if (label)
		(void)err_wrap(&err, "%s", label);
	if (look->warns && err.code == ERR_VALUE && !flux_refuses(item))
		report_note("warning: %s", err.msg);
	else
		report_add(look->report, &err, item);
}

/* A list of objects that arrives as one item, as kpt hands it over, is not decrypted but for a `sops` of its own. But what is in it will be
 * applied, so it is looked at. */
void leftover_look(const struct leftover_look *look, const struct doc_node *item, bool whole)
{
	const struct doc_node *items = item_list(item), *kid;

	look_at(look, item, whole);
	if (!items)
		return;
	doc_each (kid, items) {
		if (kid->kind == DOC_MAP)
			leftover_look(look, kid, false);
	}
}
