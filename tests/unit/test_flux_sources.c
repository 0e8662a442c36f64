/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files of a tree Flux decrypts before it builds (krm-and-flux.md 4.8), and where it stops.
 */
#include "flux_sources.h"

#include "files.h"

#include <stdlib.h>

#define YAML   "a: ENC[x]\nsops:\n    mac: ENC[AES256_GCM,data:x]\n"
#define DOTENV "A=ENC[x]\nsops_mac=ENC[AES256_GCM,data:x]\n"
#define JSON   "{\n\t\"sops\": {\n\t\t\"mac\": \"ENC[AES256_GCM\"\n\t}\n}\n"

static const struct stage_index *known; /* what is known of the tree */

static void start(struct flux_sources *sources)
{
	int fd = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	confine_clamp(fd, "tree", &sources->root);
	sources->index = known;
}

static void clear(void)
{
	assert_int_equal(system("rm -rf tree && mkdir tree"), 0);
}

/* Finds, and gives the paths with a blank between. */
static int find(const char *folder, bool decrypt, char paths[static 512], struct err *err)
{
	CLEAN_FLUX_SOURCES struct flux_sources sources = FLUX_SOURCES_INIT;
	size_t i, at = 0;
	int r;

	start(&sources);
	r = flux_sources_find(&sources, folder, decrypt, err);
	paths[0] = '\0';
	for (i = 0; i < sources.count; i++)
		at += (size_t)snprintf(paths + at, 512 - at, "%s%s", i ? " " : "",
				       sources.list[i].path);
	if (sources.note_count)
		at += (size_t)snprintf(paths + at, 512 - at, " [%zu]", sources.note_count);
	confine_close(&sources.root);
	return r;
}

static void expect(const char *want)
{
	struct err err = ERR_INIT;
	char paths[512];

	if (find("app", true, paths, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(paths, want);
}

static void refuse(enum err_code code, const char *word)
{
	struct err err = ERR_INIT;
	char paths[512];

	assert_int_equal(find("app", true, paths, &err), -1);
	if (err.code != code || !strstr(err.msg, word))
		fail_msg("%d %s", err.code, err.msg);
}

/* Case 27. */
static void finds_what_flux_decrypts(void **state)
{
	clear();
	files_put("tree/app/kustomization.yaml",
		  "secretGenerator:\n"
		  "- {name: a, files: [values.yaml=v.enc.yaml, f.yaml], envs: [e.env, bare], "
		  "literals: [x=l.yaml], env: old.env}\n"
		  "configMapGenerator: [{name: c, files: [c.yaml], envs: [c.env]}]\n"
		  "patches: [{path: p.yaml}, {patch: inline}, {path: p.json}]\n"
		  "patchesStrategicMerge: [psm.yaml]\n"
		  "patchesJson6902: [{path: j.yaml}]\n"
		  "replacements: [{path: r.yaml}]\n"
		  "generators: [g.yaml]\ntransformers: [t.yaml]\n"
		  "resources: [../base, res.yaml, missing, plain]\n"
		  "components: [../comp]\nbases: [../bases]\n");
	files_put("tree/app/v.enc.yaml", YAML);
	files_put("tree/app/f.yaml", YAML);
	files_put("tree/app/e.env", DOTENV);
	files_put("tree/app/bare", DOTENV);
	files_put("tree/app/l.yaml", YAML);
	files_put("tree/app/old.env", DOTENV);
	files_put("tree/app/c.yaml", YAML);
	files_put("tree/app/c.env", DOTENV);
	files_put("tree/app/p.yaml", YAML);
	files_put("tree/app/p.json", JSON);
	files_put("tree/app/psm.yaml", YAML);
	files_put("tree/app/j.yaml", YAML);
	files_put("tree/app/r.yaml", YAML);
	files_put("tree/app/g.yaml", YAML);
	files_put("tree/app/t.yaml", YAML);
	files_put("tree/app/res.yaml", YAML);
	files_put("tree/app/plain/kustomization.yml", "{}\n");
	files_put("tree/base/kustomization.yaml", "secretGenerator: [{files: [b.yaml]}]\n");
	files_put("tree/base/b.yaml", YAML);
	files_put("tree/comp/Kustomization", "secretGenerator: [{envs: [c.env]}]\n");
	files_put("tree/comp/c.env", DOTENV);
	files_put("tree/bases/kustomization.yaml", "secretGenerator: [{files: [x.yaml]}]\n");
	files_put("tree/bases/x.yaml", YAML);
	expect("app/v.enc.yaml app/f.yaml app/e.env app/bare app/p.yaml app/p.json base/b.yaml "
	       "comp/c.env");
}

/* Case 28: the first reference decides; and T14, where the key's format is not the file's. */
static void takes_the_first_reference(void **state)
{
	clear();
	files_put("tree/app/kustomization.yaml",
		  "secretGenerator: [{files: [a=x.yaml, x.yaml, y.yaml, y.yaml]}]\n");
	files_put("tree/app/x.yaml", YAML);
	files_put("tree/app/y.yaml", YAML);
	expect("app/y.yaml [1]");
}

/* Case 29. */
static void stays_in_the_root(void **state)
{
	clear();
	files_put("tree/p.yaml", YAML);
	files_put("tree/app/kustomization.yaml",
		  "secretGenerator: [{files: [/p.yaml, '../../../../x.yaml', in.yaml]}]\n");
	files_put("tree/x.yaml", YAML);
	files_put("x.yaml", YAML);
	files_put("tree/deep/y.yaml", YAML);
	assert_int_equal(symlink("/deep/y.yaml", "tree/app/in.yaml"), 0);
	expect("p.yaml ../../../x.yaml app/in.yaml");
	files_put("tree/app/kustomization.yaml", "secretGenerator: [{files: [out.yaml]}]\n");
	assert_int_equal(symlink("/etc/passwd", "tree/app/out.yaml"), 0);
	refuse(ERR_NOT_FOUND, "out.yaml");
	files_put("tree/app/kustomization.yaml", "secretGenerator: [{files: [fifo]}]\n");
	assert_int_equal(mkfifo("tree/app/fifo", 0600), 0);
	refuse(ERR_FORMAT, "not a regular file");
	files_put("tree/app/kustomization.yaml", "patches: [{path: ../app}]\n");
	refuse(ERR_FORMAT, "not a regular file");
}

/* Case 30. */
static void has_flux_s_limit(void **state)
{
	clear();
	files_put("tree/app/kustomization.yaml", "secretGenerator: [{files: [big]}]\n");
	files_put("tree/app/big", "");
	assert_int_equal(truncate("tree/app/big", FLUX_SOURCE_FILE_MAX), 0);
	expect("");
	assert_int_equal(truncate("tree/app/big", FLUX_SOURCE_FILE_MAX + 1), 0);
	refuse(ERR_LIMIT, "exceeding limit (5242880)");
}

/* Case 31. */
static void ends_and_refuses(void **state)
{
	struct err err = ERR_INIT;
	char paths[512];

	clear();
	files_put("tree/app/kustomization.yaml",
		  "resources: [../b]\nsecretGenerator: [{files: [s.yaml]}]\n");
	files_put("tree/app/s.yaml", YAML);
	files_put("tree/b/kustomization.yaml", "resources: [../app, .]\n");
	expect("app/s.yaml");
	files_put("tree/b/Kustomization", "{}\n");
	refuse(ERR_FORMAT, "found multiple kustomization files");
	assert_int_equal(unlink("tree/b/Kustomization") | unlink("tree/b/kustomization.yaml"), 0);
	refuse(ERR_NOT_FOUND, "no kustomization file found");
	assert_int_equal(mkdir("tree/b/kustomization.yaml", 0700), 0);
	refuse(ERR_FORMAT, "to be a regular file");
	files_put("tree/app/kustomization.yaml", "resources: x\n");
	refuse(ERR_FORMAT, "resources");
	files_put("tree/app/kustomization.yaml", "a: [\n");
	refuse(ERR_FORMAT, "app/kustomization.yaml");
	assert_int_equal(find("nothing", true, paths, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void knows_what_is_fetched(void **state)
{
	static const char *const remote[] = {"https://example.org/x", "github.com/a/b?ref=v1",
					     "example.org/a/b.git", "a/b?ref=main"};
	CLEAN_FLUX_SOURCES struct flux_sources sources = FLUX_SOURCES_INIT;
	struct err err = ERR_INIT;
	char text[128], paths[512];
	size_t i;

	clear();
	for (i = 0; i < ARRAY_LEN(remote); i++) {
		(void)snprintf(text, sizeof(text), "resources: ['%s']\n", remote[i]);
		files_put("tree/app/kustomization.yaml", text);
		refuse(ERR_POLICY, "fetched from elsewhere");
		assert_int_equal(find("app", false, paths, &err), -1);
	}
	files_put("tree/app/kustomization.yaml", "patches: [{path: 'https://x/y.yaml'}]\n");
	refuse(ERR_POLICY, "fetched from elsewhere");
	start(&sources);
	sources.remote = true;
	assert_int_equal(flux_sources_find(&sources, "app", true, &err), 0);
	confine_close(&sources.root);
}

/* What was copied as a file is not asked whether it is a folder: here it is one by now. All else is looked at where it is. */
static void asks_no_file_whether_it_is_a_folder(void **state)
{
	static const struct {
		const char *known, *want;
	} table[] = {
		{"x.yaml", "base/b.yaml"},
		{"../x.yaml", "x.yaml/s.yaml base/b.yaml"},
		{"x.yaml/kustomization.yaml", "x.yaml/s.yaml base/b.yaml"},
		{"link", "x.yaml/s.yaml base/b.yaml"},
		{"app", "x.yaml/s.yaml base/b.yaml"},
	};
	size_t i;

	clear();
	files_put("tree/app/kustomization.yaml", "resources: [.././x.yaml/, ../base, missing]\n");
	files_put("tree/x.yaml/kustomization.yaml", "secretGenerator: [{files: [s.yaml]}]\n");
	files_put("tree/x.yaml/s.yaml", YAML);
	files_put("tree/base/kustomization.yaml", "secretGenerator: [{files: [b.yaml]}]\n");
	files_put("tree/base/b.yaml", YAML);
	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
		struct err err = ERR_INIT;
		struct span text = SPAN("");

		assert_int_equal(stage_index_add(&index, table[i].known, &text, &err), 0);
		stage_index_end(&index);
		known = &index;
		expect(table[i].want);
		known = NULL;
	}
}

/* More encrypted resources than there may be sources: each folder has as many as fit on the walk's list. */
static void takes_any_number_of_resources(void **state)
{
	enum { FOLDERS = 3, FILES = 40 * 1000 };
	CLEAN_STAGE_INDEX struct stage_index index = STAGE_INDEX_INIT;
	CLEAN_FLUX_SOURCES struct flux_sources sources = FLUX_SOURCES_INIT;
	struct err err = ERR_INIT;
	int folder, file;

	clear();
	files_put("tree/app/kustomization.yaml", "resources: [../0, ../1, ../2]\n");
	for (folder = 0; folder < FOLDERS; folder++) {
		CLEAN_BUF struct buf text = BUF_INIT(FLUX_SOURCE_FILE_MAX);
		char path[64];

		buf_add_str(&text, "resources:\n");
		for (file = 0; file < FILES; file++) {
			(void)snprintf(path, sizeof(path), "%d/%d", folder, file);
			assert_int_equal(stage_index_add(&index, path, NULL, &err), 0);
			buf_printf(&text, "- '%d'\n", file);
		}
		(void)snprintf(path, sizeof(path), "tree/%d/kustomization.yaml", folder);
		files_put_span(path, buf_span(&text));
	}
	stage_index_end(&index);
	known = &index;
	start(&sources);
	known = NULL;
	if (flux_sources_find(&sources, "app", true, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(sources.sealed_count, FLUX_SOURCES_MAX);
	assert_string_equal(sources.sealed[0], "0/0");
	assert_string_equal(sources.sealed[FILES], "1/0");
	confine_close(&sources.root);
}

static const struct {
	const char *folder, *path, *want;
} joins[] = {
	{"", "a", "a"},
	{"a", "b", "a/b"},
	{"a/b", "../c", "a/c"},
	{"a", "..", "."},
	{"a", "../..", ".."},
	{"a", "../../b", "../b"},
	{"a", "./b//c/", "a/b/c"},
	{"", "/a/b", "a/b"},
	{"..", "..", "../.."},
	{"", "", "."},
	{"a/..", "b", "b"},
};

static void joins_paths(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(4096);
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(joins); i++)
		assert_string_equal(
			flux_path_join(&arena, joins[i].folder, span_str(joins[i].path), &err),
			joins[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_flux_decrypts),
		cmocka_unit_test(takes_the_first_reference),
		cmocka_unit_test(stays_in_the_root),
		cmocka_unit_test(has_flux_s_limit),
		cmocka_unit_test(ends_and_refuses),
		cmocka_unit_test(knows_what_is_fetched),
		cmocka_unit_test(asks_no_file_whether_it_is_a_folder),
		cmocka_unit_test(takes_any_number_of_resources),
		cmocka_unit_test(joins_paths),
	};

	return cmocka_run_group_tests_name("flux_sources", tests, files_make, files_drop);
}
