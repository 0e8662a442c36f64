/* SPDX-License-Identifier: Apache-2.0
 *
 * libkrmsops in one page: decrypts the files that are named and prints them one after the other, all or nothing.
 *
 *	cc decrypt.c $(pkg-config --cflags --libs krmsops) -o decrypt
 *	./decrypt age.agekey secrets.yaml more.json
 *	./decrypt sops.asc secrets.yaml
 */
#include <krmsops.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of a file; the caller frees. NULL, and a message, where it can not be read. */
static void *read_file(const char *name, size_t *ret_len)
{
	FILE *file = fopen(name, "rb");
	char *data = NULL;
	long len = -1;

	if (file && fseek(file, 0, SEEK_END) == 0 && (len = ftell(file)) >= 0 &&
	    fseek(file, 0, SEEK_SET) == 0)
		data = malloc((size_t)len + 1);
	if (data && fread(data, 1, (size_t)len, file) != (size_t)len) {
		free(data);
		data = NULL;
	}
	if (file)
		fclose(file);
	if (!data)
		fprintf(stderr, "cannot read %s\n", name);
	*ret_len = (size_t)len;
	return data;
}

/* As in Flux's decryption Secret: PGP keys are in *.asc, age identities in all else. */
static int add_keys(struct krmsops *ks, const char *name)
{
	size_t len, name_len = strlen(name);
	void *keys = read_file(name, &len);
	enum krmsops_status status;

	if (!keys)
		return -1;
	if (name_len >= 4 && strcmp(name + name_len - 4, ".asc") == 0)
		status = krmsops_add_pgp(ks, keys, len, name);
	else
		status = krmsops_add_age(ks, keys, len, name);
	free(keys);
	if (status != KRMSOPS_OK)
		fprintf(stderr, "%s\n", krmsops_error(ks));
	return status == KRMSOPS_OK ? 0 : -1;
}

static int load(struct krmsops_job *jobs, char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		jobs[i].data = read_file(names[i], &jobs[i].len);
		if (!jobs[i].data)
			return -1;
		jobs[i].in = jobs[i].out = krmsops_format_of_name(names[i]);
	}
	return 0;
}

static int decrypt(struct krmsops *ks, struct krmsops_job *jobs, char **names, size_t n)
{
	size_t i;

	if (krmsops_decrypt(ks, jobs, n) == KRMSOPS_OK) {
		for (i = 0; i < n; i++)
			fwrite(jobs[i].output, 1, jobs[i].output_len, stdout);
		return fflush(stdout);
	}
	for (i = 0; i < n; i++) {
		if (jobs[i].status != KRMSOPS_OK)
			fprintf(stderr, "%s: %s\n", names[i],
				jobs[i].error ? jobs[i].error : "out of memory");
	}
	return -1;
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? (size_t)argc - 2 : 0, i;
	struct krmsops_job *jobs = calloc(n + 1, sizeof(*jobs));
	struct krmsops *ks = krmsops_new();
	int status = EXIT_FAILURE;

	if (n == 0)
		fprintf(stderr, "usage: decrypt KEY-FILE FILE...\n");
	else if (ks && jobs && add_keys(ks, argv[1]) == 0 && load(jobs, argv + 2, n) == 0 &&
		 decrypt(ks, jobs, argv + 2, n) == 0)
		status = EXIT_SUCCESS;
	for (i = 0; jobs && i < n; i++) {
		krmsops_job_release(&jobs[i]);
		free((void *)jobs[i].data);
	}
	free(jobs);
	krmsops_free(ks);
	return status;
}
