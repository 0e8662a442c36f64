/* SPDX-License-Identifier: Apache-2.0
 *
 * Fingerprints of key files; see watch.h.
 */
#include "watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct look {
	uint64_t print; /* FNV-1a */
	size_t entries;
};

static void add(struct look *look, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		look->print = (look->print ^ bytes[i]) * 0x100000001b3u;
}

static void add_stat(struct look *look, const struct stat *st)
{
	add(look, &st->st_dev, sizeof(st->st_dev));
	add(look, &st->st_ino, sizeof(st->st_ino));
	add(look, &st->st_size, sizeof(st->st_size));
	add(look, &st->st_mode, sizeof(st->st_mode));
	add(look, &st->st_mtim, sizeof(st->st_mtim));
	add(look, &st->st_ctim, sizeof(st->st_ctim));
}

static void add_path(struct look *look, int dir, const char *name, int depth);

/* Sums, so that the order in which a folder is read does not matter. */
static void add_folder(struct look *look, int fd, int depth)
{
	DIR *folder = fdopendir(fd);
	const struct dirent *entry;
	uint64_t sum = 0;

	if (!folder) {
		(void)close(fd);
		return;
	}
	while (look->entries < WATCH_ENTRIES_MAX && (entry = readdir(folder))) {
		struct look one = {.entries = look->entries + 1};

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		add_path(&one, fd, entry->d_name, depth + 1);
		look->entries = one.entries;
		sum += one.print;
	}
	(void)closedir(folder);
	add(look, &sum, sizeof(sum));
}

/* The link and what it leads to. */
static void add_path(struct look *look, int dir, const char *name, int depth)
{
	struct stat st;
	int fd;

	add(look, name, strlen(name));
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	add_stat(look, &st);
	if (S_ISLNK(st.st_mode)) {
		if (fstatat(dir, name, &st, 0) < 0)
			return;
		add_stat(look, &st);
	}
	if (!S_ISDIR(st.st_mode) || depth >= WATCH_DEPTH_MAX)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		add_folder(look, fd, depth);
}

uint64_t watch_fingerprint(const struct watch *watch)
{
	struct look look = {.print = 0xcbf29ce484222325u};
	size_t i;

	for (i = 0; i < watch->count; i++)
		add_path(&look, AT_FDCWD, watch->paths[i], 0);
	return look.print;
}

static void watch_path(struct watch *watch, const char *path)
{
	if (path && *path && watch->count < WATCH_PATHS_MAX)
		watch->paths[watch->count++] = path;
}

/* A usual file: below a folder that is set. */
static void watch_usual(struct watch *watch, const char *folder, const char *name)
{
	char *path = watch->usual[watch->usual_count];

	if (!folder || !*folder || watch->usual_count == WATCH_USUAL_MAX)
		return;
	watch->usual_count++;
	(void)snprintf(path, WATCH_PATH_LEN, "%s/%s", folder, name);
	watch_path(watch, path);
}

static void watch_environment(struct watch *watch)
{
	static const char *const variables[] = {
		"SOPS_AGE_KEY_FILE",
		"SOPS_AGE_SSH_PRIVATE_KEY_FILE",
		"AWS_CONFIG_FILE",
		"AWS_SHARED_CREDENTIALS_FILE",
		"AWS_CA_BUNDLE",
		"GOOGLE_APPLICATION_CREDENTIALS",
		"AZURE_CLIENT_CERTIFICATE_PATH",
		"HUAWEICLOUD_SDK_CREDENTIALS_FILE",
		"VAULT_CACERT",
		"VAULT_CLIENT_CERT",
		"VAULT_CLIENT_KEY",
		"SSL_CERT_FILE",
	};
	static const char *const usual[] = {
		".ssh/id_ed25519",
		".ssh/id_rsa",
		".vault-token",
		".aws/credentials",
		".aws/config",
		".config/gcloud/application_default_credentials.json",
		".huaweicloud/credentials",
	};
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		watch_path(watch, getenv(variables[i]));
	if (config && *config)
		watch_usual(watch, config, "sops/age/keys.txt");
	else
		watch_usual(watch, home, ".config/sops/age/keys.txt");
	for (i = 0; i < ARRAY_LEN(usual); i++)
		watch_usual(watch, home, usual[i]);
}

void watch_init(struct watch *watch, const struct serve_options *options,
		const struct policy *policy)
{
	const struct policy_key_set *set;
	size_t i;

	watch->count = watch->usual_count = 0;
	watch_path(watch, policy->path ? policy->path : POLICY_PATH);
	watch_path(watch, options->keys.keys);
	watch_path(watch, options->keys.keys_flat);
	for (i = 0; i < options->keys.key_secret_count; i++)
		watch_path(watch, options->keys.key_secrets[i]);
	for (set = policy->key_sets; set; set = set->next)
		watch_path(watch, set->folder);
	watch_path(watch, options->keys.ca_file);
	watch_path(watch, options->kms_pair);
	watch_environment(watch);
}
