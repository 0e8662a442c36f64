/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the Secret of a secretRef is found, for which namespaces, and what of it is used. The identities were made by age-keygen 1.3.1 for this
 * test and open nothing.
 */
#include "keys.h"

#include "files.h"
#include "pgp_files.h"

#define ID_A "AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AU"
#define ID_B "AGE-SECRET-KEY-1FSCT2RAMKUN2KQJKM8VK4QZS9H5T9DPNP3ZQFW26H8XNQ75RTRESZ76RH8"
/* base64 of ID_A and a line break, as `kubectl create secret` writes it */
#define ID_A_BASE64                                                    \
	"QUdFLVNFQ1JFVC1LRVktMTdFUlRMTlZTMjZDSkdNRzdOS1hFUlRGSk1WMFU1" \
	"WUc1S0tGSDNSNjJLSkcwVVZOR0tZN1NTVTU4QVUK"

static struct buf pgp_key = BUF_INIT(2 * PGP_FILE_MAX);

struct run {
	struct keyring ring;
	struct keys_where where;
	struct policy policy;
	struct err err;
	struct doc input;
	const struct doc_node *items[8];
};

#define RUN_INIT                                                                                 \
	{                                                                                        \
		.ring = KEYRING_INIT, .policy = POLICY_INIT, .err = ERR_INIT, .input = DOC_INIT, \
	}
#define CLEAN_RUN CLEANUP(run_release)

static void run_release(struct run *run)
{
	keyring_release(&run->ring);
	policy_release(&run->policy);
	doc_release(&run->input);
}

/* What came out: the number of identities, or -1 minus the code. */
static int ask(struct run *run, const char *ns, const char *name)
{
	int r;

	keyring_release(&run->ring);
	run->err = (struct err)ERR_INIT;
	r = keys_of_secret_ref(&run->ring, &run->where, &run->policy, ns ? span_str(ns) : SPAN_NULL,
			       span_str(name), &run->err);
	assert_int_equal(r < 0, run->err.code != ERR_NONE);
	return r < 0 ? -1 - (int)run->err.code : (int)keyring_age_count(&run->ring);
}

static void assert_told(const struct buf *notes, const char *text)
{
	if (span_search(buf_span(notes), span_str(text)) == SIZE_MAX)
		fail_msg("\"%s\" is not in \"%.*s\"", text, (int)notes->len,
			 (const char *)notes->data);
}

static void set_items(struct run *run, const char *text)
{
	struct doc_node *branch;

	if (doc_read(DOC_YAML, span_str(text), &run->input, &run->err) < 0)
		fail_msg("%s", run->err.msg);
	for (branch = run->input.first; branch; branch = branch->next)
		run->items[run->where.item_count++] = branch;
	run->where.items = run->items;
}

static int make(void **state)
{
	struct err err = ERR_INIT;

	if (files_make(state) < 0 || secret_init(&err) < 0)
		return -1;
	files_put("keys/flux-system/sops-keys/age.agekey", "# a comment\r\n" ID_A "\r\n");
	files_put("keys/flux-system/sops-keys/two.agekey", ID_A "\n" ID_B "\n");
	files_put("keys/flux-system/sops-keys/README", "no key");
	files_put("keys/flux-system/sops-keys/old.agekey.bak", "no key");
	files_put("keys/flux-system/sops-keys/a.AGEKEY", "no key");
	files_put("keys/shop/sops-keys/age.agekey", ID_B);
	files_put("keys/shop/empty/age.agekey", "");
	files_put("keys/shop/bad/age.agekey", "line one\n");
	files_put("keys/shop/none/README", "nothing");
	/* A mounted Secret: files are links into a folder that ..data points to. */
	files_put("mount/..2026_01_01/age.agekey", ID_A);
	files_put("mount/..2026_01_01/notes.txt", "no key");
	assert_int_equal(symlink("..2026_01_01", "mount/..data"), 0);
	assert_int_equal(symlink("..data/age.agekey", "mount/age.agekey"), 0);
	assert_int_equal(symlink("..data/notes.txt", "mount/notes.txt"), 0);
	files_put("secret.yaml", "apiVersion: v1\n"
				 "kind: ConfigMap\n"
				 "metadata: {name: sops-keys, namespace: flux-system}\n"
				 "data: {age.agekey: x}\n"
				 "---\n"
				 "apiVersion: v1\n"
				 "kind: Secret\n"
				 "metadata: {name: sops-keys, namespace: flux-system}\n"
				 "data:\n"
				 "  age.agekey: " ID_A_BASE64 "\n"
				 "  other: '!'\n"
				 "stringData:\n"
				 "  more.agekey: |\n"
				 "    " ID_B "\n");
	return 0;
}

static void reads_a_folder_by_namespace(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.folder = "keys";
	run.where.ns = "flux-system";
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), 2);
	assert_int_equal(run.ring.notes.len, 0);
}

static void reads_a_mounted_secret_whatever_its_name(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.flat = "mount";
	assert_int_equal(ask(&run, "any", "name"), 1);
	assert_int_equal(ask(&run, NULL, "name"), 1);
}

static void reads_manifests_of_several_documents(void **state)
{
	static const char *const files[] = {"secret.yaml"};
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.manifests = files;
	run.where.manifest_count = 1;
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), 2);
	assert_int_equal(ask(&run, "flux-system", "other"), -1 - ERR_NO_KEY);
	assert_non_null(strstr(run.err.msg, "it is not in file 'secret.yaml'"));
	assert_int_equal(ask(&run, "shop", "sops-keys"), -1 - ERR_NO_KEY);
	/* Where one side has no namespace the name decides. */
	assert_int_equal(ask(&run, NULL, "sops-keys"), 2);
}

static void lets_string_data_win(void **state)
{
	static const char *const files[] = {"both.yaml"};
	CLEAN_RUN struct run run = RUN_INIT;

	files_put("both.yaml", "apiVersion: v1\n"
			       "kind: List\n"
			       "items:\n"
			       "- apiVersion: v1\n"
			       "  kind: Secret\n"
			       "  metadata: {name: s}\n"
			       "  data: {a.agekey: not base64 at all}\n"
			       "  stringData: {a.agekey: " ID_A "}\n");
	run.where.manifests = files;
	run.where.manifest_count = 1;
	assert_int_equal(ask(&run, "shop", "s"), 1);
}

static void takes_local_config_secrets_of_the_input_only(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	set_items(&run, "apiVersion: v1\n"
			"kind: Secret\n"
			"metadata: {name: plain, namespace: shop}\n"
			"stringData: {age.agekey: " ID_A "}\n"
			"---\n"
			"apiVersion: v1\n"
			"kind: Secret\n"
			"metadata:\n"
			"  name: local\n"
			"  namespace: shop\n"
			"  annotations: {config.kubernetes.io/local-config: 'true'}\n"
			"stringData: {age.agekey: " ID_A "}\n"
			"---\n"
			"apiVersion: v1\n"
			"kind: Secret\n"
			"metadata:\n"
			"  name: prefix-renamed\n"
			"  namespace: other\n"
			"  annotations:\n"
			"    config.kubernetes.io/local-config: ''\n"
			"    internal.config.kubernetes.io/previousNames: renamed,renamed\n"
			"    internal.config.kubernetes.io/previousNamespaces: shop,other\n"
			"stringData: {age.agekey: " ID_A "}\n"
			"---\n"
			"apiVersion: v1\n"
			"kind: Secret\n"
			"metadata:\n"
			"  name: not-local\n"
			"  annotations: {config.kubernetes.io/local-config: 'false'}\n"
			"stringData: {age.agekey: " ID_A "}\n");
	assert_int_equal(ask(&run, "shop", "plain"), -1 - ERR_NO_KEY);
	assert_int_equal(ask(&run, "shop", "not-local"), -1 - ERR_NO_KEY);
	assert_int_equal(ask(&run, "shop", "local"), 1);
	assert_int_equal(ask(&run, "shop", "renamed"), 1);
	assert_int_equal(ask(&run, "other", "prefix-renamed"), 1);
	assert_int_equal(ask(&run, "third", "local"), -1 - ERR_NO_KEY);
}

static void takes_the_first_place_that_has_it(void **state)
{
	static const char *const files[] = {"secret.yaml"};
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.folder = "keys";
	run.where.manifests = files;
	run.where.manifest_count = 1;
	run.where.ns = "shop";
	set_items(&run, "apiVersion: v1\n"
			"kind: Secret\n"
			"metadata:\n"
			"  name: sops-keys\n"
			"  annotations: {config.kubernetes.io/local-config: 'true'}\n"
			"stringData: {age.agekey: broken}\n");
	assert_int_equal(ask(&run, "shop", "sops-keys"), 1);
	run.where.folder = NULL;
	run.where.ns = NULL;
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), 2);
}

static void refuses_namespaces_that_are_not_ours(void **state)
{
	static const char *const files[] = {"secret.yaml"};
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.folder = "keys";
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), -1 - ERR_POLICY);
	assert_non_null(strstr(run.err.hint, "--namespace flux-system"));
	run.where.ns = "shop";
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), -1 - ERR_POLICY);
	assert_int_equal(ask(&run, "shop", "sops-keys"), 1);
	assert_int_equal(ask(&run, NULL, "sops-keys"), 1); /* ours where none is said */
	run.where.ns = NULL;
	assert_int_equal(ask(&run, NULL, "sops-keys"), -1 - ERR_USAGE);
	/* The same bound for a manifest, where one is given. */
	run.where.folder = NULL;
	run.where.manifests = files;
	run.where.manifest_count = 1;
	run.where.ns = "shop";
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), -1 - ERR_POLICY);
}

static void asks_the_policy_for_namespaces(void **state)
{
	static const char text[] = "apiVersion: krm-sops.dev/v1alpha1\n"
				   "kind: Policy\n"
				   "spec: {namespaces: [shop]}\n";
	CLEAN_RUN struct run run = RUN_INIT;

	assert_int_equal(policy_parse(span_str(text), "p", &run.policy, &run.err), 0);
	run.where.folder = "keys";
	assert_int_equal(ask(&run, "shop", "sops-keys"), 1);
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), -1 - ERR_POLICY);
	run.where.ns = "flux-system"; /* a flag does not widen the policy */
	assert_int_equal(ask(&run, "flux-system", "sops-keys"), -1 - ERR_POLICY);
}

static void refuses_names_that_are_none(void **state)
{
	static const char *const names[] = {"",   ".",  "..",  "../shop/sops-keys", "a/b", "A",
					    "-a", "a-", "a\n", "age.agekey/",       "a b", "ä"};
	CLEAN_RUN struct run run = RUN_INIT;
	char long_name[256];
	size_t i;

	run.where.folder = "keys";
	run.where.ns = "shop";
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(ask(&run, "shop", names[i]), -1 - ERR_USAGE);
		if (*names[i])
			assert_int_equal(ask(&run, names[i], "sops-keys"), -1 - ERR_USAGE);
	}
	memset(long_name, 'a', sizeof(long_name));
	long_name[254] = '\0';
	assert_int_equal(ask(&run, "shop", long_name), -1 - ERR_USAGE);
	long_name[253] = '\0';
	assert_int_equal(ask(&run, "shop", long_name), -1 - ERR_NO_KEY);
}

static void tells_of_malformed_keys_without_showing_them(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.folder = "keys";
	run.where.ns = "shop";
	assert_int_equal(ask(&run, "shop", "bad"), -1 - ERR_FORMAT);
	assert_non_null(strstr(run.err.msg, "failed to import 'age.agekey' data from sops "
					    "decryption Secret 'shop/bad': "));
	assert_non_null(strstr(run.err.msg, "line 1"));
	assert_null(strstr(run.err.msg, "line one"));
}

static void notes_what_holds_no_identity(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.folder = "keys";
	run.where.ns = "shop";
	assert_int_equal(ask(&run, "shop", "empty"), 0);
	assert_told(&run.ring.notes, "shop/empty/age.agekey");
	assert_int_equal(ask(&run, "shop", "none"), 0);
}

static void takes_a_plugin_line_for_an_identity_that_opens_nothing(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	files_put("keys/shop/plugin/age.agekey",
		  "AGE-PLUGIN-YUBIKEY-1QQQ\n" ID_A "\nAGE-PLUGIN-X-1QQQ");
	files_put("keys/shop/broken/age.agekey", "AGE-PLUGIN-YUBIKEY-1QQQ\n\nbroken\n");
	run.where.folder = "keys";
	run.where.ns = "shop";
	assert_int_equal(ask(&run, "shop", "plugin"), 1);
	assert_told(&run.ring.notes, "age plugins named in 'age.agekey' of Secret 'shop/plugin'");
	assert_int_equal(ask(&run, "shop", "broken"), -1 - ERR_FORMAT);
	assert_non_null(strstr(run.err.msg, "line 3"));
}

/* Flux's verdict on `gpg --import`: a key, several, with text around them, a public one: fine; anything else is an error that names the place. */
static void reads_pgp_keys_as_flux_does(void **state)
{
	static const char *const good[] = {"a.asc", ".asc"};
	static const char *const bad[] = {"", "x", "\n",
					  "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"};
	CLEAN_RUN struct run run = RUN_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(65536);
	size_t i;

	run.where.folder = "keys";
	run.where.ns = "shop";
	for (i = 0; i < ARRAY_LEN(good); i++) {
		buf_reset(&text);
		buf_printf(&text, "keys/shop/pgp%zu/%s", i, good[i]);
		buf_add_char(&text, 0);
		files_put_span((const char *)text.data, buf_span(&pgp_key));
		buf_reset(&text);
		buf_printf(&text, "pgp%zu", i);
		buf_add_char(&text, 0);
		assert_int_equal(ask(&run, "shop", (const char *)text.data), 0);
		assert_int_equal(run.ring.count, 1);
	}
	buf_reset(&text);
	buf_add_str(&text, "some words\n");
	buf_add_span(&text, buf_span(&pgp_key));
	buf_add_str(&text, "\nand more of them\n");
	buf_add_span(&text, buf_span(&pgp_key));
	files_put_span("keys/shop/twice/a.asc", buf_span(&text));
	assert_int_equal(ask(&run, "shop", "twice"), 0);
	assert_int_equal(run.ring.count, 1);
	for (i = 0; i < ARRAY_LEN(bad) + 1; i++) {
		files_put_span("keys/shop/bad/a.asc",
			       i < ARRAY_LEN(bad) ? span_str(bad[i])
						  : span_sub(buf_span(&pgp_key), 0, 300));
		assert_int_equal(ask(&run, "shop", "bad"), -1 - ERR_FORMAT);
		assert_memory_equal(run.err.msg,
				    "failed to import 'a.asc' data from sops decryption Secret "
				    "'shop/bad': PGP keys of 'shop/bad/a.asc': ",
				    100);
	}
}

static void tolerates_keys_of_other_services(void **state)
{
	static const char *const names[] = {"sops.azure-kv", "sops.gcp-kms"};
	static const char *const ignored[] = {"x.vault-token", "my.aws-kms", "a.ASC", "asc"};
	CLEAN_RUN struct run run = RUN_INIT;
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "keys/shop/others/%s", names[i]);
		files_put(path, "x");
	}
	for (i = 0; i < ARRAY_LEN(ignored); i++) {
		snprintf(path, sizeof(path), "keys/shop/others/%s", ignored[i]);
		files_put(path, "x");
	}
	run.where.folder = "keys";
	run.where.ns = "shop";
	assert_int_equal(ask(&run, "shop", "others"), 0);
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_told(&run.ring.notes, names[i]);
	for (i = 0; i < ARRAY_LEN(ignored); i++) {
		snprintf(path, sizeof(path), "'%s'", ignored[i]);
		assert_int_equal(span_search(buf_span(&run.ring.notes), span_str(path)), SIZE_MAX);
	}
}

static void refuses_credentials_from_the_input(void **state)
{
	static const char *const names[] = {"sops.vault-token", "sops.vault-addr", "sops.aws-kms",
					    "sops.azure-kv", "sops.gcp-kms"};
	char text[512];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_RUN struct run run = RUN_INIT;

		snprintf(text, sizeof(text),
			 "apiVersion: v1\n"
			 "kind: Secret\n"
			 "metadata:\n"
			 "  name: s\n"
			 "  annotations: {config.kubernetes.io/local-config: 'true'}\n"
			 "stringData: {%s: x, a.asc: y}\n",
			 names[i]);
		set_items(&run, text);
		assert_int_equal(ask(&run, "shop", "s"), -1 - ERR_POLICY);
		assert_non_null(strstr(run.err.msg, names[i]));
	}
}

static void refuses_a_secret_that_is_encrypted_or_given_twice(void **state)
{
	static const char *const files[] = {"enc.yaml"};
	CLEAN_RUN struct run run = RUN_INIT;

	files_put("enc.yaml", "apiVersion: v1\n"
			      "kind: Secret\n"
			      "metadata: {name: enc}\n"
			      "stringData: {age.agekey: 'ENC[x]'}\n"
			      "sops: {mac: x}\n"
			      "---\n"
			      "apiVersion: v1\n"
			      "kind: Secret\n"
			      "metadata: {name: two}\n"
			      "---\n"
			      "apiVersion: v1\n"
			      "kind: Secret\n"
			      "metadata: {name: two}\n"
			      "---\n"
			      "apiVersion: v1\n"
			      "kind: Secret\n"
			      "metadata: {name: bad}\n"
			      "data: {age.agekey: '=', n.agekey: 1}\n");
	run.where.manifests = files;
	run.where.manifest_count = 1;
	assert_int_equal(ask(&run, "shop", "enc"), -1 - ERR_UNSUPPORTED);
	assert_int_equal(ask(&run, "shop", "two"), -1 - ERR_USAGE);
	assert_int_equal(ask(&run, "shop", "bad"), -1 - ERR_FORMAT);
	assert_non_null(strstr(run.err.msg, "not base64"));
}

static void tells_of_places_that_can_not_be_read(void **state)
{
	static const char *const absent[] = {"absent.yaml"};
	static const char *const broken[] = {"broken.yaml"};
	CLEAN_RUN struct run run = RUN_INIT;

	run.where.ns = "shop";
	run.where.folder = "absent";
	assert_int_equal(ask(&run, "shop", "sops-keys"), -1 - ERR_NOT_FOUND);
	run.where.folder = NULL;
	run.where.flat = "absent";
	assert_int_equal(ask(&run, "shop", "sops-keys"), -1 - ERR_NOT_FOUND);
	run.where.flat = NULL;
	run.where.manifests = absent;
	run.where.manifest_count = 1;
	assert_int_equal(ask(&run, "shop", "sops-keys"), -1 - ERR_NOT_FOUND);
	files_put("broken.yaml", "a: [");
	run.where.manifests = broken;
	assert_int_equal(ask(&run, "shop", "sops-keys"), -1 - ERR_FORMAT);
	/* A folder, a pipe and a file that is too long in a key's place. */
	run.where.manifest_count = 0;
	run.where.folder = "keys";
	assert_int_equal(mkdir("keys/shop/odd", 0700), 0);
	assert_int_equal(mkdir("keys/shop/odd/a.agekey", 0700), 0);
	assert_int_equal(ask(&run, "shop", "odd"), -1 - ERR_SYSTEM);
	assert_int_equal(rmdir("keys/shop/odd/a.agekey"), 0);
	assert_int_equal(mkfifo("keys/shop/odd/a.agekey", 0600), 0);
	assert_int_equal(ask(&run, "shop", "odd"), -1 - ERR_SYSTEM);
	assert_int_equal(unlink("keys/shop/odd/a.agekey"), 0);
	files_put("keys/shop/odd/a.agekey", "");
	assert_int_equal(truncate("keys/shop/odd/a.agekey", KEYS_SECRET_MAX + 1), 0);
	assert_int_equal(ask(&run, "shop", "odd"), -1 - ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_folder_by_namespace),
		cmocka_unit_test(reads_a_mounted_secret_whatever_its_name),
		cmocka_unit_test(reads_manifests_of_several_documents),
		cmocka_unit_test(lets_string_data_win),
		cmocka_unit_test(takes_local_config_secrets_of_the_input_only),
		cmocka_unit_test(takes_the_first_place_that_has_it),
		cmocka_unit_test(refuses_namespaces_that_are_not_ours),
		cmocka_unit_test(asks_the_policy_for_namespaces),
		cmocka_unit_test(refuses_names_that_are_none),
		cmocka_unit_test(tells_of_malformed_keys_without_showing_them),
		cmocka_unit_test(notes_what_holds_no_identity),
		cmocka_unit_test(takes_a_plugin_line_for_an_identity_that_opens_nothing),
		cmocka_unit_test(reads_pgp_keys_as_flux_does),
		cmocka_unit_test(tolerates_keys_of_other_services),
		cmocka_unit_test(refuses_credentials_from_the_input),
		cmocka_unit_test(refuses_a_secret_that_is_encrypted_or_given_twice),
		cmocka_unit_test(tells_of_places_that_can_not_be_read),
	};

	int failed;

	pgp_file("ecc.asc", &pgp_key);
	failed = cmocka_run_group_tests(tests, make, files_drop);
	buf_release(&pgp_key);
	return failed;
}
