/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of a kubeconfig's maps; see kubeconfig_field.h.
 */
#include "kubeconfig_field.h"

#include "conf.h"

#include "base/text.h"

#include <stdio.h>

enum { PATH_LEN_MAX = 4096 };

int kubeconfig_in_file(const struct kubeconfig_file *file, struct err *err)
{
	return err_wrap(err, "kubeconfig '%s'", text_quote(span_str(file->path)).text);
}

int kubeconfig_keep(struct secret_pool *pool, struct span text, struct span *ret, struct err *err)
{
	uint8_t *copy = secret_alloc(pool, text.len + 1, err);

	if (!copy)
		return -1;
	if (text.len)
		memcpy(copy, text.data, text.len);
	*ret = span_of(copy, text.len);
	return 0;
}

int kubeconfig_field(struct secret_pool *pool, const struct kubeconfig_entry *from, const char *key,
		     struct span *ret, struct err *err)
{
	struct span text = SPAN_NULL;

	*ret = SPAN_NULL;
	if (!from->map)
		return 0;
	if (conf_text(from->map, key, &text, err) < 0)
		return kubeconfig_in_file(from->file, err);
	if (text.len && memchr(text.data, 0, text.len)) {
		(void)err_set(err, ERR_FORMAT, "'%s' has a NUL in it", key);
		return kubeconfig_in_file(from->file, err);
	}
	return text.len ? kubeconfig_keep(pool, text, ret, err) : 0;
}

int kubeconfig_path(struct secret_pool *pool, const struct kubeconfig_entry *from, const char *key,
		    struct span *ret, struct err *err)
{
	CLEAN_BUF struct buf path = BUF_INIT(PATH_LEN_MAX);
	struct span text;
	const char *slash;

	if (kubeconfig_field(pool, from, key, &text, err) < 0)
		return -1;
	slash = strrchr(from->file->path, '/');
	if (text.len && text.data[0] != '/' && slash)
		buf_add(&path, from->file->path, (size_t)(slash - from->file->path) + 1);
	buf_add_span(&path, text);
	if (buf_check(&path, err) < 0) {
		(void)err_wrap(err, "'%s'", key);
		return kubeconfig_in_file(from->file, err);
	}
	*ret = SPAN_NULL;
	return text.len ? kubeconfig_keep(pool, buf_span(&path), ret, err) : 0;
}

int kubeconfig_data(struct secret_pool *pool, const struct kubeconfig_entry *from, const char *key,
		    struct span *ret_data, struct span *ret_file, struct err *err)
{
	struct span text;
	char data_key[64];

	*ret_data = SPAN_NULL;
	*ret_file = SPAN_NULL;
	(void)snprintf(data_key, sizeof(data_key), "%s-data", key);
	if (kubeconfig_field(pool, from, data_key, &text, err) < 0)
		return -1;
	if (!text.len)
		return kubeconfig_path(pool, from, key, ret_file, err);
	if (base64_secret(BASE64_GO, text, pool, ret_data, err) < 0) {
		(void)err_wrap(err, "'%s'", data_key);
		return kubeconfig_in_file(from->file, err);
	}
	if (!ret_data->len) {
		(void)err_set(err, ERR_FORMAT, "'%s' holds nothing", data_key);
		return kubeconfig_in_file(from->file, err);
	}
	return 0;
}
