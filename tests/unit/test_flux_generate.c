/* SPDX-License-Identifier: Apache-2.0
 *
 * What Flux puts into a kustomization: each field of the spec, into a file that has it already and one that has not.
 */
#include "flux_generate.h"

#include "flux_text.h"
#include "objects.h"

#define HEAD                                                                \
	"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n" \
	"metadata: {name: apps, namespace: flux-system}\nspec:\n"
#define FIFO "sortOptions:\n  order: fifo\n"

static bool there_is_a(const void *cookie, struct span path)
{
	return span_is(path, "a");
}

static const struct {
	const char *spec, *file, *want; /* NULL: an error */
} cases[] = {
	{"  path: x\n", "resources: [a]\n", "resources:\n- a\n" FIFO},
	{"  path: x\n", "resources: [a]\nsortOptions: {order: legacy}\n",
	 "resources:\n- a\nsortOptions:\n  order: legacy\n"},
	{"  path: x\n", "RESOURCES: [a]\nunknown: 1\ncrds: null\n", "resources:\n- a\n" FIFO},
	{"  path: x\n", "namespace: a\n",
	 "buildMetadata:\n- originAnnotations\nnamespace: a\n" FIFO},
	{"  path: x\n", "resources: []\nbuildMetadata: [managedByLabel]\n",
	 "buildMetadata:\n- originAnnotations\nresources: []\n" FIFO},
	{"  buildMetadata: [managedByLabel]\n", "resources: [a]\nbuildMetadata: [x]\n",
	 "buildMetadata:\n- managedByLabel\nresources:\n- a\n" FIFO},
	{"  targetNamespace: ns\n  namePrefix: p-\n  nameSuffix: -s\n",
	 "resources: [a]\nnamespace: old\nnamePrefix: q-\n",
	 "namePrefix: p-\nnameSuffix: -s\nnamespace: ns\nresources:\n- a\n" FIFO},
	{"  patches:\n  - {patch: P, target: {kind: Secret, name: s, x: y}, z: 1}\n  - {patch: Q}\n",
	 "resources: [a]\npatches: [{path: f}]\n",
	 "patches:\n- path: f\n- patch: P\n  target:\n    kind: Secret\n    name: s\n- patch: Q\n"
	 "resources:\n- a\n" FIFO},
	{"  components: [../c]\n", "resources: [a]\ncomponents: [d]\n",
	 "components:\n- d\n- ../c\nresources:\n- a\n" FIFO},
	{"  components: [a, b]\n  ignoreMissingComponents: true\n", "resources: [a]\n",
	 "components:\n- a\nresources:\n- a\n" FIFO},
	{"  components: [b]\n  ignoreMissingComponents: true\n", "resources: [a]\n",
	 "resources:\n- a\n" FIFO},
	{"  components: ['https://x/y']\n", "resources: [a]\n", NULL},
	{"  components: [/c]\n", "resources: [a]\n", NULL},
	{"  images: [{name: i, newTag: '2'}, {name: j, newName: kk}]\n",
	 "resources: [a]\nimages: [{name: i, newName: nn, newTag: '1', digest: d}]\n",
	 "images:\n- name: i\n  newName: nn\n  newTag: \"2\"\n- name: j\n  newName: kk\n"
	 "resources:\n- a\n" FIFO},
	{"  images: [{name: i, digest: d}]\n", "resources: [a]\nimages: [{name: i, newTag: '1'}]\n",
	 "images:\n- digest: d\n  name: i\nresources:\n- a\n" FIFO},
	{"  images: [{name: i, newName: n}]\n",
	 "resources: [a]\nimages: [{name: i, newTag: '1'}]\n",
	 "images:\n- name: i\n  newName: \"n\"\n  newTag: \"1\"\nresources:\n- a\n" FIFO},
	{"  images: [{name: i}]\n", "resources: [a]\nimages: x\n", NULL},
};

static void puts_the_spec_in(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_OBJECT struct object flux = OBJECT_INIT, file = OBJECT_INIT;
		CLEAN_BUF struct buf text = BUF_INIT(4096), out = BUF_INIT(4096);
		struct flux_spec spec = {.object = NULL};
		struct flux_generate generate = {.spec = &spec, .exists = there_is_a};
		struct err err = ERR_INIT;
		int r;

		buf_add_str(&text, HEAD);
		buf_add_str(&text, cases[i].spec);
		buf_add_char(&text, '\0');
		(void)object_read(&flux, (const char *)text.data);
		(void)object_read(&file, cases[i].file);
		assert_int_equal(flux_spec_read(flux.node, &spec, &err), 0);
		r = flux_generate(&generate, &file.doc, file.node, &err);
		if (r == 0)
			r = flux_text_add(file.node, &out, &err);
		if (r != (cases[i].want ? 0 : -1))
			fail_msg("%s: %d %s", cases[i].spec, r, err.msg);
		if (r == 0 && !span_is(buf_span(&out), cases[i].want))
			fail_msg("%s: %.*s", cases[i].spec, (int)out.len, (const char *)out.data);
	}
}

static void leaves_a_kustomization_without_flux(void **state)
{
	CLEAN_OBJECT struct object file = OBJECT_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	const struct flux_spec none = {.object = NULL};
	const struct flux_generate generate = {.spec = &none, .exists = there_is_a};
	struct err err = ERR_INIT;

	(void)object_read(&file, "Resources: []\nunknown: 1\n");
	assert_int_equal(flux_generate(&generate, &file.doc, file.node, &err), 0);
	assert_int_equal(flux_text_add(file.node, &out, &err), 0);
	assert_true(span_is(buf_span(&out), "Resources: []\n" FIFO "unknown: 1\n"));
}

static void lists_resources(void **state)
{
	const struct span resources[] = {SPAN("./a.yaml"), SPAN("./b")};
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT;

	assert_non_null(flux_generate_new(&doc, resources, 2, &err));
	assert_non_null(flux_generate_new(&doc, NULL, 0, &err));
	assert_int_equal(flux_text_add(doc.first, &out, &err), 0);
	assert_int_equal(flux_text_add(doc.last, &out, &err), 0);
	assert_true(span_is(buf_span(&out),
			    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
			    "resources:\n- ./a.yaml\n- ./b\n"
			    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
			    "namespace: _placeholder\n"));
}

static void knows_what_is_remote(void **state)
{
	static const char *const remote[] = {"https://x/y",    "HTTP://x",  "git@github.com:a/b",
					     "github.com/a/b", "ssh://x/y", "git::https://x",
					     "x://y"};
	static const char *const local[] = {"../a", "a.yaml", "./github.com", "github.com", "a:b"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(remote); i++)
		assert_true(flux_is_remote(span_str(remote[i])));
	for (i = 0; i < ARRAY_LEN(local); i++)
		assert_false(flux_is_remote(span_str(local[i])));
}

static const char *const bad_specs[] = {
	"apiVersion: v1\nkind: ConfigMap\n",
	"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
	HEAD "  path: [x]\n",
	HEAD "  path: true\n",
	HEAD "  patches: {}\n",
	HEAD "  patches: [x]\n",
	HEAD "  postBuild: {substitute: {A: {}}}\n",
	HEAD "  postBuild: {substituteStrategy: Never}\n",
	HEAD "  patchesStrategicMerge: [{}]\n",
	HEAD "  patchesJson6902: [{}]\n",
};

static void refuses_bad_specs(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad_specs); i++) {
		CLEAN_OBJECT struct object object = OBJECT_INIT;
		struct flux_spec spec = {.object = NULL};
		struct err err = ERR_INIT;

		(void)object_read(&object, bad_specs[i]);
		if (flux_spec_read(object.node, &spec, &err) == 0)
			fail_msg("taken: %s", bad_specs[i]);
	}
}

static int read_mangled(struct span input, void *arg)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct flux_spec spec = {.object = NULL};
	struct err err = ERR_INIT;

	if (doc_read(DOC_YAML, input, &doc, &err) < 0 || !doc.first)
		return -1;
	return flux_spec_read(doc.first, &spec, &err);
}

static void survives_mangling(void **state)
{
	mangle_all(
		SPAN(HEAD "  path: x\n  images: [{name: i}]\n  postBuild: {substitute: {A: b}}\n"),
		read_mangled, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_spec_in),
		cmocka_unit_test(leaves_a_kustomization_without_flux),
		cmocka_unit_test(lists_resources),
		cmocka_unit_test(knows_what_is_remote),
		cmocka_unit_test(refuses_bad_specs),
		cmocka_unit_test(survives_mangling),
	};

	return cmocka_run_group_tests_name("flux_generate", tests, NULL, NULL);
}
