/* SPDX-License-Identifier: Apache-2.0
 *
 * libyaml's bare event parse of a file, nothing else: the measure that a reader built on it is held to (make bench).
 */
#include <stdio.h>
#include <yaml.h>

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	yaml_parser_t parser;
	yaml_event_t event;
	int end = 0;

	if (!file || !yaml_parser_initialize(&parser)) {
		fprintf(stderr, "usage: yaml_parse FILE\n");
		return 2;
	}
	yaml_parser_set_input_file(&parser, file);
	while (!end) {
		if (!yaml_parser_parse(&parser, &event)) {
			fprintf(stderr, "yaml_parse: %s\n", parser.problem);
			return 1;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	return 0;
}
