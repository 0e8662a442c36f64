/* SPDX-License-Identifier: Apache-2.0
 *
 * What a kubeconfig says of a plugin that prints credentials; who runs it is cluster_exec.c.
 */
#include "kubeconfig_field.h"

#include "conf.h"

#include "base/text.h"

/* Texts of a list, put behind words[*n]. */
static int read_args(struct secret_pool *pool, const struct kubeconfig_entry *from, char **words,
		     size_t n, struct err *err)
{
	const struct doc_node *list, *one;
	struct span word;

	if (conf_list(from->map, "args", &list, err) < 0)
		return kubeconfig_in_file(from->file, err);
	for (one = list ? list->kids.first : NULL; one; one = one->next) {
		if (one->kind == DOC_COMMENT)
			continue;
		if (one->kind != DOC_STRING || memchr(one->str.data, 0, one->str.len) ||
		    n == KUBECONFIG_WORDS_MAX) {
			(void)err_set(err, ERR_FORMAT, "line %u: 'args' are no list of texts",
				      one->line);
			return kubeconfig_in_file(from->file, err);
		}
		if (kubeconfig_keep(pool, one->str, &word, err) < 0)
			return -1;
		words[n++] = (char *)(uintptr_t)word.data;
	}
	return 0;
}

static int read_variables(struct secret_pool *pool, const struct kubeconfig_entry *from,
			  char **variables, struct err *err)
{
	const struct doc_node *list, *one;
	struct span name, value, kept;
	size_t n = 0;

	if (conf_list(from->map, "env", &list, err) < 0)
		return kubeconfig_in_file(from->file, err);
	for (one = list ? list->kids.first : NULL; one; one = one->next) {
		const struct kubeconfig_entry variable = {one->kind == DOC_MAP ? one : NULL,
							  from->file};
		CLEAN_BUF struct buf text = BUF_INIT(SECRET_MAX);

		if (one->kind == DOC_COMMENT)
			continue;
		if (kubeconfig_field(pool, &variable, "name", &name, err) < 0 ||
		    kubeconfig_field(pool, &variable, "value", &value, err) < 0)
			return -1;
		if (!name.len || memchr(name.data, '=', name.len) || n == KUBECONFIG_WORDS_MAX) {
			(void)err_set(err, ERR_FORMAT, "line %u: 'env' is no list of variables",
				      one->line);
			return kubeconfig_in_file(from->file, err);
		}
		buf_add_span(&text, name);
		buf_add_char(&text, '=');
		buf_add_span(&text, value);
		if (buf_check(&text, err) < 0 ||
		    kubeconfig_keep(pool, buf_span(&text), &kept, err) < 0)
			return -1;
		variables[n++] = (char *)(uintptr_t)kept.data;
	}
	return 0;
}

static char **words_alloc(struct secret_pool *pool, struct err *err)
{
	return (char **)(void *)secret_alloc(pool, (KUBECONFIG_WORDS_MAX + 1) * sizeof(char *),
					     err);
}

/* kubectl offers a plugin the terminal; who runs us may have none, so one that insists on it is refused. */
int kubeconfig_exec_read(struct secret_pool *pool, const struct kubeconfig_entry *from,
			 struct kubeconfig_exec *ret, struct err *err)
{
	static const char *const versions[] = {"client.authentication.k8s.io/v1",
					       "client.authentication.k8s.io/v1beta1"};
	struct span version, command, mode;
	size_t i;

	if (kubeconfig_field(pool, from, "apiVersion", &version, err) < 0 ||
	    kubeconfig_field(pool, from, "interactiveMode", &mode, err) < 0 ||
	    kubeconfig_field(pool, from, "command", &command, err) < 0)
		return -1;
	/* A plain name is looked for on PATH, a path is relative to the file. */
	if (command.len && memchr(command.data, '/', command.len) &&
	    kubeconfig_path(pool, from, "command", &command, err) < 0)
		return -1;
	if (conf_bool(from->map, "provideClusterInfo", &ret->cluster_info, err) < 0)
		return kubeconfig_in_file(from->file, err);
	for (i = 0; i < ARRAY_LEN(versions) && !span_is(version, versions[i]); i++)
		;
	if (!command.len || i == ARRAY_LEN(versions)) {
		(void)err_set(err, ERR_UNSUPPORTED,
			      "exec needs a 'command' and apiVersion '%s' or '%s'", versions[0],
			      versions[1]);
		return kubeconfig_in_file(from->file, err);
	}
	if (span_is(mode, "Always")) {
		(void)err_set(err, ERR_UNSUPPORTED,
			      "the exec plugin wants a terminal, and gets none");
		return kubeconfig_in_file(from->file, err);
	}
	ret->words = words_alloc(pool, err);
	ret->variables = ret->words ? words_alloc(pool, err) : NULL;
	if (!ret->variables)
		return -1;
	ret->words[0] = (char *)(uintptr_t)command.data;
	if (read_args(pool, from, ret->words, 1, err) < 0 ||
	    read_variables(pool, from, ret->variables, err) < 0)
		return -1;
	ret->api_version = versions[i];
	return 0;
}
