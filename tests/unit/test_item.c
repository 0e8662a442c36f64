/* SPDX-License-Identifier: Apache-2.0
 *
 * What an object says of itself, and what messages call it.
 */
#include "item.h"

#include "objects.h"

#include "place.h"

static const struct {
	const char *text, *label;
} labels[] = {
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", "Secret a"},
	{"kind: Secret\nmetadata: {name: a, namespace: shop}\n", "Secret shop/a"},
	{"kind: Secret\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/origin: |\n"
	 "      path: apps/db/secret.yaml\n",
	 "Secret a (apps/db/secret.yaml)"},
	{"kind: Secret\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/origin: |\n"
	 "      path: x.yaml\n      repo: https://example.com/r\n",
	 "Secret a"},
	{"kind: Secret\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/path: p.yaml\n"
	 "    internal.config.kubernetes.io/path: i.yaml\n",
	 "Secret a (i.yaml)"},
	{"metadata: {name: a}\n", "object a"},
	{"kind: Secret\n", "Secret without name on line 1"},
	{"kind: \"a\\nb\"\nmetadata: {name: \"x'\\u202e\"}\n", "a\\x0ab x\\x27\\xe2\\x80\\xae"},
	{"kind: \"ENC[AES256_GCM,x]\"\nmetadata: {name: \"p-ENC[AES256_GCM,x]\", namespace: "
	 "\"ENC[AES256_GCM,x]\"}\n",
	 "(encrypted) (encrypted)/(encrypted)"},
	{"kind: 1\nmetadata: 2\n", "object without name on line 1"},
};

static void has_a_label(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(labels); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_ARENA struct arena arena = ARENA_INIT(1 << 16);
		struct err err = ERR_INIT;

		assert_string_equal(item_label(object_read(&object, labels[i].text), &arena, &err),
				    labels[i].label);
	}
}

static void knows_its_kind(void **state)
{
	CLEAN_OBJECT struct object a = OBJECT_INIT, b = OBJECT_INIT, c = OBJECT_INIT;

	object_read(&a, "apiVersion: apps/v1\nkind: Deployment\n");
	object_read(&b, "apiVersion: v1\nkind: Secret\n");
	object_read(&c, "kind: Secret\n");
	assert_true(item_is(a.node, "apps", "Deployment"));
	assert_false(item_is(a.node, "app", "Deployment"));
	assert_false(item_is(a.node, "", "Deployment"));
	assert_true(item_is(b.node, "", "Secret"));
	assert_null(item_group(c.node).data);
	assert_true(item_is_secret(b.node) && item_is_secret(c.node) && !item_is_secret(a.node));
}

static bool annotated(bool (*ask)(const struct doc_node *item), const char *annotations)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 16);
	CLEAN_OBJECT struct object object = OBJECT_INIT;

	buf_printf(&text, "metadata:\n  annotations: {%s}\n", annotations);
	buf_add_char(&text, '\0');
	return ask(object_read(&object, (const char *)text.data));
}

static void is_disabled_in_any_letter_case(void **state)
{
	assert_true(annotated(item_is_disabled, ITEM_ANNOTATION_DECRYPT ": disabled"));
	assert_true(annotated(item_is_disabled, ITEM_ANNOTATION_DECRYPT ": DisABLED"));
	assert_false(annotated(item_is_disabled, ITEM_ANNOTATION_DECRYPT ": \" disabled\""));
	assert_false(annotated(item_is_disabled, ITEM_ANNOTATION_DECRYPT ": \"disabled \""));
	assert_false(annotated(item_is_disabled, ITEM_ANNOTATION_DECRYPT ": false"));
	assert_false(annotated(item_is_disabled, ITEM_ANNOTATION_DECRYPT ": \"false\""));
	assert_false(annotated(item_is_disabled, "a: disabled"));
}

static void is_hashed_only_when_enabled(void **state)
{
	assert_true(annotated(item_is_hashed, ITEM_ANNOTATION_HASH ": enabled"));
	assert_false(annotated(item_is_hashed, ITEM_ANNOTATION_HASH ": disabled"));
	assert_false(annotated(item_is_hashed, ""));
}

static void is_in_place_without_an_id_of_kustomize(void **state)
{
	assert_true(annotated(item_is_in_place, ITEM_ANNOTATION_PATH ": a.yaml"));
	assert_true(annotated(item_is_in_place, ITEM_INTERNAL_PATH ": a.yaml"));
	assert_false(annotated(item_is_in_place,
			       ITEM_INTERNAL_PATH ": a.yaml, " ITEM_ANNOTATION_ID ": x"));
	assert_false(annotated(item_is_in_place, ""));
}

static void tells_places(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	struct doc_node *spec = doc_get(
		object_read(&object, "spec:\n  env:\n  - a: 1\n  - \"x\\ty\": 2\n"), "spec");
	struct doc_node *env = doc_get(spec, "env"), *last = env->kids.last;
	const struct place at_spec = {.node = spec}, at_env = {.up = &at_spec, .node = env};
	const struct place at_last = {.up = &at_env, .node = last, .index = 1};
	const struct place at_value = {.up = &at_last, .node = last->kids.first};
	struct place deep[200];
	size_t i;

	assert_string_equal(place_text(NULL).text, "");
	assert_string_equal(place_text(&at_env).text, "spec.env");
	assert_string_equal(place_text(&at_last).text, "spec.env[1]");
	assert_string_equal(place_text(&at_value).text, "spec.env[1].x\\x09y");
	for (i = 0; i < ARRAY_LEN(deep); i++)
		deep[i] = (struct place){.up = i ? &deep[i - 1] : NULL, .node = spec};
	assert_int_equal(strlen(place_text(&deep[199]).text), PLACE_SHOWN_MAX + 3);
	assert_string_equal(place_text(&deep[199]).text + PLACE_SHOWN_MAX, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_label),
		cmocka_unit_test(knows_its_kind),
		cmocka_unit_test(is_disabled_in_any_letter_case),
		cmocka_unit_test(is_hashed_only_when_enabled),
		cmocka_unit_test(is_in_place_without_an_id_of_kustomize),
		cmocka_unit_test(tells_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
