// SPDX-License-Identifier: MIT
/*
 * What watches a run: see trace_option.h.
 */
#include "cli/trace_option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *path)
{
	fprintf(stderr, "seamless: %s: %s\n", path ? path : "stderr", strerror(errno));
	return -1;
}

int trace_option_add(struct trace_option *option, const char *verb, const char *text)
{
	char why[600];

	if (option->count == TRACE_OPTION_MAX) {
		fprintf(stderr, "seamless %s: --trace: at most %d of them\n", verb,
			TRACE_OPTION_MAX);
		return -1;
	}
	if (!text) {
		option->count++;
		return 0;
	}
	if (!trace_spec_parse(&option->spec[option->count++], text, why, sizeof(why)))
		return 0;
	fprintf(stderr, "seamless %s: --trace: %s\n", verb, why);
	return -1;
}

void trace_option_free(struct trace_option *option)
{
	for (unsigned i = 0; i < option->count; i++)
		trace_spec_free(&option->spec[i]);
}

void trace_option_roles(const struct trace_option *option, struct file_roles *roles)
{
	for (unsigned i = 0; i < option->count; i++)
		file_roles_output(roles, "--trace", option->spec[i].path);
	file_roles_output(roles, "--stats", option->stats_path);
}

bool trace_option_beyond(const struct trace_option *option, const char *verb, unsigned vcpus)
{
	for (unsigned i = 0; i < option->count; i++) {
		uint64_t chosen = option->spec[i].filter.vcpus;

		if (vcpus > TRACE_MAX_VCPU || !(chosen >> vcpus))
			continue;
		fprintf(stderr,
			"seamless %s: --trace: vcpu:%d: with --smp %u the last vCPU is %u\n", verb,
			63 - __builtin_clzll(chosen), vcpus, vcpus - 1);
		return true;
	}
	return false;
}

static int open_trace(struct trace_option *option, unsigned i, struct seamless_machine *machine,
		      unsigned vcpus)
{
	const struct trace_spec *spec = &option->spec[i];

	if (spec->timeline)
		option->timeline[i] = timeline_open(spec, machine, vcpus);
	else
		option->lines[i] = trace_lines_open(spec, machine);
	return option->timeline[i] || option->lines[i] ? 0 : failed(spec->path);
}

static int open_stats(struct trace_option *option, struct seamless_machine *machine, unsigned vcpus)
{
	if (!option->stats)
		return 0;
	option->stats_out = option->stats_path ? fopen(option->stats_path, "we") : stderr;
	if (!option->stats_out)
		return failed(option->stats_path);
	option->counted = stats_open(machine, vcpus);
	return option->counted ? 0 : failed("--stats");
}

int trace_option_open(struct trace_option *option, struct seamless_machine *machine, unsigned vcpus)
{
	int result = open_stats(option, machine, vcpus);

	for (unsigned i = 0; i < option->count && !result; i++)
		result = open_trace(option, i, machine, vcpus);
	if (result) {
		option->stats = false;
		trace_option_close(option);
	}
	return result;
}

static int close_stats(struct trace_option *option)
{
	FILE *out = option->stats_out;
	int result = 0;

	if (option->counted)
		stats_close(option->counted);
	if (option->counted && option->stats)
		(option->stats_path ? stats_json : stats_table)(option->counted, out);
	stats_free(option->counted);
	if (out && out != stderr && (ferror(out) | fclose(out)))
		result = failed(option->stats_path);
	return result;
}

int trace_option_close(struct trace_option *option)
{
	int result = 0;

	for (unsigned i = 0; i < option->count; i++) {
		if ((option->lines[i] && trace_lines_close(option->lines[i])) ||
		    (option->timeline[i] && timeline_close(option->timeline[i])))
			result = failed(option->spec[i].path);
	}
	return close_stats(option) ? -1 : result;
}

bool trace_option_timed(const struct trace_option *option)
{
	for (unsigned i = 0; i < option->count; i++) {
		if (option->timeline[i])
			return true;
	}
	return option->counted;
}

void trace_option_each(struct trace_option *option, void (*act)(struct spans *spans, void *opaque),
		       void *opaque)
{
	if (option->counted)
		act(&option->counted->spans, opaque);
	for (unsigned i = 0; i < option->count; i++) {
		if (option->timeline[i])
			act(timeline_spans(option->timeline[i]), opaque);
	}
}

static void begin(struct spans *spans, void *name)
{
	spans_phase(spans, name);
}

void trace_option_phase(struct trace_option *option, const char *name)
{
	trace_option_each(option, begin, (void *)name);
}
