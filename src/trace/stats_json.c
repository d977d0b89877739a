// SPDX-License-Identifier: MIT
/*
 * Statistics for programs: docs/json/stats.schema.json says what is what.
 */
#include <inttypes.h>

#include "explain/explain.h"
#include "tdx/status.h"
#include "trace/stats.h"

static double seconds(uint64_t ns)
{
	return (double)ns * 1e-9;
}

static void put_phases(const struct stats *s, FILE *out)
{
	fputs("  \"phases\": [", out);
	for (size_t i = 0; i < s->phases; i++)
		fprintf(out, "%s\n    {\"name\": \"%s\", \"seconds\": %.9f}", i ? "," : "",
			s->phase[i].name, seconds(s->phase[i].ns));
	fputs("\n  ],\n", out);
}

static void put_lps(const struct stats *s, FILE *out)
{
	const char *comma = "";

	fputs("  \"vcpus\": [", out);
	for (unsigned i = 0; i < TRACE_LPS; i++) {
		const struct stats_lp *lp = &s->lp[i];

		if (!stats_shows(s, i))
			continue;
		fprintf(out,
			"%s\n    {\"vcpu\": %u, \"entries\": %" PRIu64
			", \"instructions\": %" PRIu64
			", \"guest_seconds\": %.9f, \"exit_seconds\": %.9f, \"idle_seconds\": "
			"%.9f}",
			comma, i, lp->entries, lp->instructions, seconds(lp->guest_ns),
			seconds(lp->exit_ns), seconds(lp->idle_ns));
		comma = ",";
	}
	fprintf(out, "\n  ],\n  \"instructions\": %" PRIu64 ",\n", stats_sum(s).instructions);
}

static void put_exits(const struct stats *s, FILE *out)
{
	const char *comma = "";
	char name[40];

	fputs("  \"exits\": [", out);
	for (unsigned reason = 0; reason < TRACE_REASONS; reason++) {
		const struct trace_call call = { .exit = reason };

		if (!s->vm_exits[reason] && !s->td_exits[reason])
			continue;
		trace_call_name(name, sizeof(name), &call);
		fprintf(out,
			"%s\n    {\"reason\": \"%s\", \"vm_exits\": %" PRIu64
			", \"td_exits\": %" PRIu64 "}",
			comma, name, s->vm_exits[reason], s->td_exits[reason]);
		comma = ",";
	}
	fputs("\n  ],\n  \"tdvmcalls\": [", out);
	for (size_t i = 0; i < s->vmcalls; i++) {
		const char *known =
			s->vmcall[i].number <= UINT32_MAX
				? explain_leaf_name(EXPLAIN_VMCALL, (uint32_t)s->vmcall[i].number)
				: NULL;

		fprintf(out, "%s\n    {\"name\": \"%s\", \"calls\": %" PRIu64 "}", i ? "," : "",
			known ? known : "unknown", s->vmcall[i].count);
	}
	fputs("\n  ],\n", out);
}

static void put_pages(const char *name, const struct stats_pages *pages, const char *end, FILE *out)
{
	fprintf(out, "    \"%s\": {\"pages_4k\": %" PRIu64 ", \"pages_2m\": %" PRIu64 "}%s\n", name,
		pages->small, pages->large, end);
}

static void put_memory(const struct stats *s, FILE *out)
{
	fprintf(out,
		"  \"memory\": {\n    \"sept_violations\": %" PRIu64
		",\n    \"shared_ept_violations\": %" PRIu64 ",\n",
		s->private_violations, s->shared_violations);
	put_pages("added", &s->added, ",", out);
	put_pages("augmented", &s->augmented, ",", out);
	put_pages("accepted", &s->accepted, "", out);
	fputs("  },\n", out);
}

static void put_statuses(const struct stats *s, enum explain_side side, unsigned leaf, FILE *out)
{
	const char *comma = "";
	struct explain_status known;

	fputs("\"statuses\": {", out);
	for (size_t i = 0; i < s->statuses; i++) {
		const struct stats_status *status = &s->status[i];

		if (status->side != side || status->leaf != leaf)
			continue;
		if (explain_status(status->code << 32, &known))
			fprintf(out, "%s\"%s\": %" PRIu64, comma, known.name, status->count);
		else
			fprintf(out, "%s\"0x%" PRIx64 "\": %" PRIu64, comma, status->code << 32,
				status->count);
		comma = ", ";
	}
	fputs("}", out);
}

static void put_calls(const struct stats *s, FILE *out)
{
	const char *comma = "";
	char name[40];

	fputs("  \"calls\": [", out);
	for (unsigned i = 0; i < 2 * TRACE_LEAVES; i++) {
		const struct trace_call call = { .leaf = true,
						 .side = (enum explain_side)(i / TRACE_LEAVES),
						 .number = i % TRACE_LEAVES };
		unsigned leaf = i % TRACE_LEAVES;

		if (!s->calls[call.side][leaf])
			continue;
		trace_call_name(name, sizeof(name), &call);
		fprintf(out,
			"%s\n    {\"leaf\": \"%s\", \"calls\": %" PRIu64 ", \"refused\": %" PRIu64
			", ",
			comma, leaf == TRACE_LEAVES - 1 ? "unknown" : name,
			s->calls[call.side][leaf], s->refused[call.side][leaf]);
		put_statuses(s, call.side, leaf, out);
		fputc('}', out);
		comma = ",";
	}
	fputs("\n  ]\n", out);
}

void stats_json(const struct stats *stats, FILE *out)
{
	fprintf(out, "{\n  \"clock\": \"%s\",\n", stats->virtual_time ? "virtual" : "real");
	put_phases(stats, out);
	put_lps(stats, out);
	put_exits(stats, out);
	put_memory(stats, out);
	put_calls(stats, out);
	fputs("}\n", out);
}
