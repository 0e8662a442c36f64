/* SPDX-License-Identifier: Apache-2.0
 *
 * The patterns that keep files out of an artifact; see flux_ignore.h.
 */
#include "flux_ignore.h"

#include "envsubst_ops.h"

struct flux_pattern {
	struct flux_pattern *next;
	struct span folder, text; /* without "!" and the slash at its end */
	bool include, folders_only, whole_path;
};

static const char vcs[] = ".git/\n.gitignore\n.gitmodules\n.gitattributes\n";

static const char others[] =
	"*.jpg\n*.jpeg\n*.gif\n*.png\n*.wmv\n*.flv\n*.tar.gz\n*.zip\n"
	".github/\n.circleci/\n.travis.yml\n.gitlab-ci.yml\nappveyor.yml\n.drone.yml\n"
	"cloudbuild.yaml\ncodeship-services.yml\ncodeship-steps.yml\n"
	"**/.goreleaser.yml\n**/.sops.yaml\n**/.flux.yaml\n";

static bool is_blank(struct span line)
{
	size_t i;

	for (i = 0; i < line.len; i++) {
		if (!memchr(" \t\v\f\r", line.data[i], 5))
			return false;
	}
	return true;
}

static struct flux_pattern *parse(struct flux_ignore *ignore, struct span line, struct span folder,
				  struct err *err)
{
	struct flux_pattern *pattern = arena_alloc(&ignore->arena, sizeof(*pattern), err);

	if (!pattern)
		return NULL;
	if (line.data[0] == '!') {
		pattern->include = true;
		line = span_from(line, 1);
	}
	if (!span_ends(line, SPAN("\\ "))) {
		while (line.len && line.data[line.len - 1] == ' ')
			line.len--;
	}
	if (span_ends(line, SPAN("/"))) {
		pattern->folders_only = true;
		line.len--;
	}
	pattern->whole_path = span_find(line, 0, '/') < line.len;
	if (arena_dup(&ignore->arena, line, &pattern->text, err) < 0 ||
	    arena_dup(&ignore->arena, folder, &pattern->folder, err) < 0)
		return NULL;
	return pattern;
}

int flux_ignore_add(struct flux_ignore *ignore, struct span text, struct span folder,
		    struct err *err)
{
	size_t at, end;

	for (at = 0; at < text.len; at = end + 1) {
		struct flux_pattern *pattern;
		struct span line;

		end = span_find(text, at, '\n');
		line = span_sub(text, at, end - at);
		if (span_ends(line, SPAN("\r")))
			line.len--;
		if (span_starts(line, SPAN("#")) || is_blank(line))
			continue;
		pattern = parse(ignore, line, folder, err);
		if (!pattern)
			return -1;
		if (ignore->last)
			ignore->last->next = pattern;
		else
			ignore->first = pattern;
		ignore->last = pattern;
	}
	return 0;
}

int flux_ignore_end(struct flux_ignore *ignore, struct err *err)
{
	struct flux_pattern *first = ignore->first, *last = ignore->last;

	ignore->first = ignore->last = NULL;
	if (flux_ignore_add(ignore, span_str(vcs), span_of("", 0), err) < 0 ||
	    (!first && flux_ignore_add(ignore, span_str(others), span_of("", 0), err) < 0))
		return -1;
	ignore->last->next = first;
	if (last)
		ignore->last = last;
	return 0;
}

/* Takes the first part off a path. */
static struct span next_part(struct span *path)
{
	size_t end = span_find(*path, 0, '/');
	struct span part = span_sub(*path, 0, end);

	*path = span_from(*path, end < path->len ? end + 1 : end);
	return part;
}

static bool stands_for_itself(uint8_t c)
{
	return !memchr("*?[]\\", c, 5);
}

/* A pattern that is none fits nothing. Most names of a tree end or begin with another letter than a pattern does, and need no closer look. */
static bool fits(struct span pattern, struct span name)
{
	if (pattern.len && name.len &&
	    ((stands_for_itself(pattern.data[0]) && pattern.data[0] != name.data[0]) ||
	     (stands_for_itself(pattern.data[pattern.len - 1]) &&
	      pattern.data[pattern.len - 1] != name.data[name.len - 1])))
		return false;
	return envsubst_match(pattern, name) > 0;
}

/* A pattern without slash: any part of the path. */
static bool fits_part(const struct flux_pattern *pattern, struct span path)
{
	while (path.len) {
		struct span part = next_part(&path);

		if (fits(pattern->text, part))
			return !(pattern->folders_only && !path.len);
	}
	return false;
}

/* Parts are taken off as the pattern's parts fit them; what is left lies below what was matched. */
static bool fits_path(const struct flux_pattern *pattern, struct span path)
{
	struct span rest = pattern->text;
	bool matched = false, skip = false;

	/* An empty last part ("a//") says nothing. */
	while (rest.len) {
		struct span want = next_part(&rest);

		if (!want.len) {
			skip = false;
			continue;
		}
		if (span_is(want, "**")) {
			if (!rest.len)
				break;
			skip = true;
			continue;
		}
		if (span_search(want, SPAN("**")) != SIZE_MAX || !path.len)
			return false;
		if (!skip) {
			if (!fits(want, next_part(&path)))
				return false;
			matched = true;
			continue;
		}
		skip = false;
		while (path.len) {
			matched = fits(want, next_part(&path));
			if (matched)
				break;
		}
	}
	return matched && !(pattern->folders_only && !path.len);
}

static bool pattern_fits(const struct flux_pattern *pattern, struct span path)
{
	if (pattern->folder.len) {
		if (!span_starts(path, pattern->folder) || path.len <= pattern->folder.len ||
		    path.data[pattern->folder.len] != '/')
			return false;
		path = span_from(path, pattern->folder.len + 1);
	}
	return pattern->whole_path ? fits_path(pattern, path) : fits_part(pattern, path);
}

bool flux_ignore_has(const struct flux_ignore *ignore, struct span path)
{
	const struct flux_pattern *pattern;
	bool left_out = false;

	/* The last that fits decides. */
	for (pattern = ignore->first; pattern; pattern = pattern->next) {
		if (pattern_fits(pattern, path))
			left_out = !pattern->include;
	}
	return left_out;
}

void flux_ignore_release(struct flux_ignore *ignore)
{
	arena_release(&ignore->arena);
	ignore->first = ignore->last = NULL;
}
