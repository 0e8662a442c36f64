/* SPDX-License-Identifier: Apache-2.0
 *
 * functionConfig: every field of every kind that is accepted, and the name of what is not.
 */
#include "config.h"

#include "objects.h"

#include <stdio.h>

#define OURS "apiVersion: krm-sops.dev/v1alpha1\nkind: Decrypt\n"
#define FLUX "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
#define MAP  "apiVersion: v1\nkind: ConfigMap\n"

static void reads_every_field_of_ours(void **state)
{
	static const char text[] =
		OURS "metadata:\n  name: decrypt\n  namespace: flux-system\n  annotations: {a: b}\n"
		     "spec:\n"
		     "  mode: validate\n"
		     "  decryption:\n    provider: sops\n    secretRef: {name: sops-keys}\n"
		     "    serviceAccountName: robot\n"
		     "  mac: verify\n  detection: flux\n  stringData: true\n"
		     "  kinds: [Secret, ConfigMap]\n  allowPlaintextOnDisk: true\n"
		     "  files: [a.yaml]\n  secretFrom: [{metadata: {name: x}}]\n";
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	struct err err = ERR_INIT;

	if (config_read(object_read(&object, text), &config, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(config.source, CONFIG_OURS);
	assert_int_equal(config.mode, CONFIG_VALIDATE);
	assert_true(span_is(config.ns, "flux-system"));
	assert_true(span_is(config.secret, "sops-keys"));
	assert_true(span_is(config.service_account, "robot"));
	assert_true(span_is(config.mac, "verify"));
	assert_true(config.flux && config.string_data && config.allow_plaintext);
	assert_false(config.disabled);
	assert_int_equal(config.kind_count, 2);
	assert_true(span_is(config.kinds[1], "ConfigMap"));
	assert_non_null(config.files);
	assert_non_null(config.secret_from);
}

static void has_defaults(void **state)
{
	static const char *const table[] = {
		"",
		OURS,
		OURS "spec:\n",
		OURS "spec: {}\n",
		OURS "metadata: {name: x}\nspec: {mode: , mac: , detection: strict, stringData: , "
		     "kinds: , files: , secretFrom: , decryption: , allowPlaintextOnDisk: false}\n",
		OURS
		"spec: {mode: \"\", detection: \"\", decryption: {secretRef: , provider: \"\"}}\n",
		MAP,
		MAP "data:\n",
		MAP "data: {}\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_CONFIG struct config config = CONFIG_INIT;
		struct err err = ERR_INIT;

		if (config_read(object_read(&object, table[i]), &config, &err) < 0)
			fail_msg("%s: %s", table[i], err.msg);
		assert_int_equal(config.mode, CONFIG_DEFAULT);
		assert_null(config.secret.data);
		assert_null(config.mac.data);
		assert_false(config.flux || config.string_data || config.allow_plaintext);
		assert_false(config.disabled);
		assert_int_equal(config.kind_count, 0);
		assert_null(config.files);
		assert_null(config.secret_from);
	}
}

static void reads_a_flux_kustomization(void **state)
{
	CLEAN_OBJECT struct object object = OBJECT_INIT, none = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT, without = CONFIG_INIT;
	struct err err = ERR_INIT;

	/* Its other fields have other readers: no error. */
	assert_int_equal(
		config_read(object_read(&object,
					FLUX "metadata: {name: apps, namespace: flux-system}\n"
					     "spec:\n  interval: 10m\n  path: ./apps\n"
					     "  decryption:\n    provider: sops\n    new: field\n"
					     "    secretRef: {name: keys, more: 1}\n"),
			    &config, &err),
		0);
	assert_int_equal(config.source, CONFIG_FLUX);
	assert_true(config.flux);
	assert_false(config.disabled);
	assert_true(span_is(config.ns, "flux-system"));
	assert_true(span_is(config.secret, "keys"));
	/* Without spec.decryption Flux decrypts nothing. */
	assert_int_equal(
		config_read(object_read(&none, FLUX "spec: {interval: 10m}\n"), &without, &err), 0);
	assert_true(without.disabled);
}

static void reads_a_ksops_object(void **state)
{
	static const char *const table[] = {
		"apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: [a.yaml]\n",
		"apiVersion: viaduct.ai/v2\nkind: anything\nFILES: [a.yaml]\nspec: {x: 1}\n",
		"apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: [a.yaml]\nFiles: [b]\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_CONFIG struct config config = CONFIG_INIT;
		struct err err = ERR_INIT;

		if (config_read(object_read(&object, table[i]), &config, &err) < 0)
			fail_msg("%s: %s", table[i], err.msg);
		assert_int_equal(config.source, CONFIG_KSOPS);
		assert_int_equal(config.mode, CONFIG_GENERATE);
		assert_true(span_is(config.files->kids.first->str, "a.yaml"));
	}
}

static void reads_a_sops_secret_generator(void **state)
{
	static const char *const kinds[] = {"SopsSecretGenerator", "SopsSecret"};
	char text[128];
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_CONFIG struct config config = CONFIG_INIT;
		struct err err = ERR_INIT;

		snprintf(text, sizeof(text), "apiVersion: goabout.com/v1beta1\nkind: %s\n",
			 kinds[i]);
		if (config_read(object_read(&object, text), &config, &err) < 0)
			fail_msg("%s: %s", text, err.msg);
		assert_int_equal(config.source, CONFIG_GOABOUT);
		assert_int_equal(config.mode, CONFIG_GENERATE);
		assert_ptr_equal(config.node, object.node);
	}
}

static void reads_a_flat_config_map(void **state)
{
	static const char text[] =
		MAP "metadata: {name: function-input, namespace: flux-system}\ndata:\n"
		    "  mode: validate\n  provider: sops\n  secretRef: keys\n"
		    "  serviceAccountName: robot\n  mac: ignore\n  detection: flux\n"
		    "  stringData: \"true\"\n  kinds: \"ConfigMap, Widget\"\n"
		    "  allowPlaintextOnDisk: \"false\"\n  files: |\n    a.yaml\n\n     b.yaml \n";
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	struct err err = ERR_INIT;

	if (config_read(object_read(&object, text), &config, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(config.source, CONFIG_MAP);
	assert_int_equal(config.mode, CONFIG_VALIDATE);
	assert_true(span_is(config.secret, "keys"));
	assert_true(span_is(config.ns, "flux-system"));
	assert_true(span_is(config.mac, "ignore"));
	assert_true(config.flux && config.string_data);
	assert_false(config.allow_plaintext);
	assert_int_equal(config.kind_count, 2);
	assert_true(span_is(config.kinds[1], "Widget"));
	assert_true(span_is(config.files->kids.first->str, "a.yaml"));
	assert_true(span_is(config.files->kids.last->str, "b.yaml"));
}

static void names_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} table[] = {
		{OURS "other: 1\n", "unknown field 'other'"},
		{OURS "spec: {files: [], Mac: auto}\n", "unknown field 'spec.Mac'"},
		{OURS "spec: {decryption: {secretref: {name: x}}}\n",
		 "unknown field 'spec.decryption.secretref'"},
		{OURS "spec: {decryption: {secretRef: {name: x, namespace: y}}}\n",
		 "unknown field 'spec.decryption.secretRef.namespace'"},
		{OURS "spec: {decryption: {secretRef: {}}}\n",
		 "'spec.decryption.secretRef.name' must be"},
		{OURS "spec: {decryption: {secretRef: x}}\n",
		 "'spec.decryption.secretRef' must be a map"},
		{OURS "spec: {decryption: x}\n", "'spec.decryption' must be a map"},
		{OURS "spec: {decryption: {provider: vault}}\n",
		 "'spec.decryption.provider' must be sops"},
		{FLUX "spec: {decryption: {provider: other}}\n",
		 "'spec.decryption.provider' must be sops"},
		{OURS "spec: {mode: Transform}\n",
		 "'spec.mode' must be transform, generate or validate"},
		{OURS "spec: {detection: loose}\n", "'spec.detection' must be strict or flux"},
		{OURS "spec: {stringData: \"yes\"}\n", "'spec.stringData' must be true or false"},
		{OURS "spec: {allowPlaintextOnDisk: 1}\n",
		 "'spec.allowPlaintextOnDisk' must be true"},
		{OURS "spec: {mac: true}\n", "'spec.mac' must be a string"},
		{OURS "spec: {kinds: Secret}\n", "'spec.kinds' must be a list"},
		{OURS "spec: {kinds: [1]}\n", "'spec.kinds' must be a list of kinds"},
		{OURS "spec: {files: a.yaml}\n", "'spec.files' must be a list"},
		{OURS "spec: [1]\n", "'spec' must be a map"},
		{"apiVersion: krm-sops.dev/v2\nkind: Decrypt\n", "apiVersion 'krm-sops.dev/v2'"},
		{"apiVersion: krm-sops.dev/v1alpha1\nkind: Encrypt\n", "kind 'Encrypt'"},
		{"apiVersion: example.com/v1\nkind: Decrypt\n",
		 "apiVersion 'example.com/v1' is not known"},
		{"kind: ConfigMap\n", "is not known"},
		{"a: 1\n", "kind '' of apiVersion '' is not known"},
		{MAP "data: {modes: x}\n", "unknown field 'data.modes'"},
		{MAP "data: {secretFrom: x}\n", "unknown field 'data.secretFrom'"},
		{MAP "data: [1]\n", "'data' must be a map"},
		{MAP "data: {stringData: \"1\"}\n", "'data.stringData' must be true or false"},
		{MAP "data: {kinds: [\"\"]}\n", "'data.kinds' must be a list of kinds"},
		{"apiVersion: viaduct.ai/v1\nkind: ksops\n",
		 "missing the required 'files' or 'secretFrom' key"},
		{"apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: null\n", "missing the required"},
		{"apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: a.yaml\n",
		 "'files' must be a list"},
		{"apiVersion: goabout.com/v1\nkind: SopsSecretGenerator\n",
		 "input must be apiVersion goabout.com/v1beta1"},
		{"apiVersion: goabout.com/v1beta1\nkind: ksops\n", "kind SopsSecretGenerator"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		CLEAN_CONFIG struct config config = CONFIG_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(config_read(object_read(&object, table[i].text), &config, &err),
				 -1);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.msg, table[i].says) || !strstr(err.msg, "functionConfig: "))
			fail_msg("'%s' is not in '%s'", table[i].says, err.msg);
		if (strstr(err.msg, "unknown field") && !err.hint[0])
			fail_msg("no hint: '%s'", err.msg);
	}
}

static void refuses_too_many_kinds(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(1 << 16);
	CLEAN_OBJECT struct object object = OBJECT_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	struct err err = ERR_INIT;
	int i;

	buf_add_str(&text, OURS "spec:\n  kinds:\n");
	for (i = 0; i <= CONFIG_KINDS_MAX; i++)
		buf_add_str(&text, "  - K\n");
	buf_add_char(&text, '\0');
	assert_int_equal(config_read(object_read(&object, (const char *)text.data), &config, &err),
			 -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static int read_mangled(struct span input, void *arg)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_CONFIG struct config config = CONFIG_INIT;
	struct err err = ERR_INIT;

	if (doc_read(DOC_YAML, input, &doc, &err) < 0)
		return -1;
	if (config_read(doc.first, &config, &err) < 0)
		return -1;
	assert_true(config.kind_count <= CONFIG_KINDS_MAX);
	return 0;
}

static void survives_mangled_configs(void **state)
{
	mangle_all(SPAN(OURS
			"spec: {decryption: {secretRef: {name: x}}, kinds: [A], mode: generate, "
			"files: [a]}\n"),
		   read_mangled, NULL);
	mangle_all(SPAN(MAP "data: {kinds: \"A,B\", files: \"a\\nb\", mac: auto}\n"), read_mangled,
		   NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field_of_ours),
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_a_flux_kustomization),
		cmocka_unit_test(reads_a_ksops_object),
		cmocka_unit_test(reads_a_sops_secret_generator),
		cmocka_unit_test(reads_a_flat_config_map),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(refuses_too_many_kinds),
		cmocka_unit_test(survives_mangled_configs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
