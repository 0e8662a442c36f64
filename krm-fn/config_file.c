/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading --config; see config_file.h.
 */
#include "config_file.h"

#include "command.h"

#include "base/text.h"

int config_file_read(const char *path, struct buf *text, struct doc *doc, struct config *config,
		     struct err *err)
{
	if (command_read(path, text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(text), doc, err) < 0 ||
	    config_read(doc->first, config, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	if (doc->first != doc->last)
		return err_set(err, ERR_USAGE, "'%s': more than one document",
			       text_quote(span_str(path)).text);
	if (config->mode == CONFIG_GENERATE || config->mode == CONFIG_VALIDATE)
		return err_set(err, ERR_USAGE, "'%s': only mode transform is for this",
			       text_quote(span_str(path)).text);
	return 0;
}
