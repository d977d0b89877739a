// SPDX-License-Identifier: MIT
/*
 * Statistics for people.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/status.h"
#include "trace/stats.h"

#define NAME 36 /* columns of a name */

/* "1,234,567": in one of a few buffers, so that a line may have several. */
struct grouped {
	char text[32];
};

static struct grouped grouped(uint64_t number)
{
	struct grouped g;
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, number), at = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			g.text[at++] = ',';
		g.text[at++] = digits[i];
	}
	g.text[at] = 0;
	return g;
}

static double seconds(uint64_t ns)
{
	return (double)ns * 1e-9;
}

/* A line of up to two counts; `second` 0 is left blank. */
struct row {
	char name[60];
	uint64_t first, second;
};

struct rows {
	struct row *row;
	size_t count, room;
};

static void add_row(struct rows *rows, const char *name, uint64_t first, uint64_t second)
{
	struct row *row;

	if (rows->count == rows->room)
		return;
	row = &rows->row[rows->count++];
	snprintf(row->name, sizeof(row->name), "%s", name);
	row->first = first;
	row->second = second;
}

static int more_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void print_row(const struct row *row, FILE *out)
{
	fprintf(out, "  %-*s %14s", NAME, row->name, row->first ? grouped(row->first).text : "");
	if (row->second)
		fprintf(out, " %14s", grouped(row->second).text);
	fputc('\n', out);
}

static void print_rows(struct rows *rows, FILE *out)
{
	qsort(rows->row, rows->count, sizeof(*rows->row), more_first);
	for (size_t i = 0; i < rows->count; i++)
		print_row(&rows->row[i], out);
}

static void print_phases(const struct stats *s, FILE *out)
{
	uint64_t all = 0;

	fprintf(out, "\n  %-*s %14s\n", NAME, "phase", s->virtual_time ? "virtual s" : "seconds");
	for (size_t i = 0; i < s->phases; i++) {
		fprintf(out, "  %-*s %14.3f\n", NAME, s->phase[i].name, seconds(s->phase[i].ns));
		all += s->phase[i].ns;
	}
	fprintf(out, "  %-*s %14.3f\n", NAME, "all", seconds(all));
}

static void print_lp(const char *name, const struct stats_lp *lp, FILE *out)
{
	double guest = seconds(lp->guest_ns);

	fprintf(out, "  %-10s %18s %11s %9.3f %9.3f %9.3f", name, grouped(lp->instructions).text,
		grouped(lp->entries).text, guest, seconds(lp->exit_ns), seconds(lp->idle_ns));
	if (lp->instructions && guest > 0)
		fprintf(out, " %9.0f", (double)lp->instructions / guest / 1e6);
	fputc('\n', out);
}

static void print_lps(const struct stats *s, FILE *out)
{
	const struct stats_lp sum = stats_sum(s);
	char name[20];

	fprintf(out, "\n  %-10s %18s %11s %9s %9s %9s %9s\n", "vCPU", "instructions", "entries",
		"guest s", "exits s", "idle s", "million/s");
	for (unsigned lp = 0; lp < TRACE_LPS; lp++) {
		snprintf(name, sizeof(name), "%u", lp);
		if (stats_shows(s, lp))
			print_lp(name, &s->lp[lp], out);
	}
	print_lp("all", &sum, out);
}

static void print_exits(const struct stats *s, FILE *out)
{
	struct row row[TRACE_REASONS];
	struct rows rows = { row, 0, TRACE_REASONS };
	char name[40];

	for (unsigned reason = 0; reason < TRACE_REASONS; reason++) {
		const struct trace_call call = { .exit = reason };

		trace_call_name(name, sizeof(name), &call);
		if (s->vm_exits[reason] || s->td_exits[reason])
			add_row(&rows, name, s->vm_exits[reason], s->td_exits[reason]);
	}
	fprintf(out, "\n  %-*s %14s %14s\n", NAME, "exit reason", "of the guest", "to the VMM");
	print_rows(&rows, out);
}

static void print_vmcalls(const struct stats *s, FILE *out)
{
	struct row row[TRACE_VMCALLS];
	struct rows rows = { row, 0, TRACE_VMCALLS };
	char name[40];

	for (size_t i = 0; i < s->vmcalls; i++) {
		const struct trace_call call = { .leaf = true,
						 .side = EXPLAIN_VMCALL,
						 .number = s->vmcall[i].number };

		trace_call_name(name, sizeof(name), &call);
		add_row(&rows, s->vmcall[i].number == UINT64_MAX ? "unknown" : name,
			s->vmcall[i].count, 0);
	}
	if (rows.count)
		fprintf(out, "\n  %-*s %14s\n", NAME, "TDVMCALL", "calls");
	print_rows(&rows, out);
}

static void print_pages(const char *name, const struct stats_pages *pages, FILE *out)
{
	fprintf(out, "  %-*s %14s %14s\n", NAME, name, grouped(pages->small).text,
		grouped(pages->large).text);
}

static void print_memory(const struct stats *s, FILE *out)
{
	fputs("\n  memory\n", out);
	fprintf(out, "  %-*s %14s\n", NAME, "S-EPT violations",
		grouped(s->private_violations).text);
	fprintf(out, "  %-*s %14s\n", NAME, "shared EPT violations",
		grouped(s->shared_violations).text);
	fprintf(out, "  %-*s %14s %14s\n", NAME, "pages", "4 KiB", "2 MiB");
	print_pages("  added and measured", &s->added, out);
	print_pages("  added on demand", &s->augmented, out);
	print_pages("  accepted", &s->accepted, out);
}

static void print_statuses(const struct stats *s, enum explain_side side, unsigned leaf, FILE *out)
{
	struct explain_status known;

	for (size_t i = 0; i < s->statuses; i++) {
		const struct stats_status *status = &s->status[i];
		struct row row = { .second = status->count };

		if (status->side != side || status->leaf != leaf)
			continue;
		if (explain_status(status->code << 32, &known))
			snprintf(row.name, sizeof(row.name), "  %s", known.name);
		else
			snprintf(row.name, sizeof(row.name), "  0x%" PRIx64, status->code << 32);
		print_row(&row, out);
	}
}

/* A leaf with its place in the tables. */
struct leaf_row {
	enum explain_side side;
	unsigned leaf;
	uint64_t calls;
};

static int more_calls(const void *a, const void *b)
{
	const struct leaf_row *x = a, *y = b;

	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return x->side != y->side ? (int)x->side - (int)y->side : (int)x->leaf - (int)y->leaf;
}

static void print_leaf(const struct stats *s, const struct leaf_row *leaf, FILE *out)
{
	const struct trace_call call = { .leaf = true, .side = leaf->side, .number = leaf->leaf };
	struct row row = { .first = leaf->calls, .second = s->refused[leaf->side][leaf->leaf] };

	if (leaf->leaf == TRACE_LEAVES - 1)
		snprintf(row.name, sizeof(row.name), "unknown %s",
			 leaf->side == EXPLAIN_HOST ? "SEAMCALLs" : "TDCALLs");
	else
		trace_call_name(row.name, sizeof(row.name), &call);
	print_row(&row, out);
	print_statuses(s, leaf->side, leaf->leaf, out);
}

static void print_calls(const struct stats *s, FILE *out)
{
	struct leaf_row row[2 * TRACE_LEAVES];
	size_t count = 0;

	for (unsigned i = 0; i < 2 * TRACE_LEAVES; i++) {
		enum explain_side side = (enum explain_side)(i / TRACE_LEAVES);
		unsigned leaf = i % TRACE_LEAVES;

		if (s->calls[side][leaf])
			row[count++] = (struct leaf_row){ side, leaf, s->calls[side][leaf] };
	}
	qsort(row, count, sizeof(*row), more_calls);
	fprintf(out, "\n  %-*s %14s %14s\n", NAME,
		count ? "call of the module" : "no call of the module", count ? "calls" : "",
		count ? "refused" : "");
	for (size_t i = 0; i < count; i++)
		print_leaf(s, &row[i], out);
}

void stats_table(const struct stats *stats, FILE *out)
{
	fputs("seamless: statistics\n", out);
	print_phases(stats, out);
	if (stats_sum(stats).entries) {
		print_lps(stats, out);
		print_exits(stats, out);
		print_vmcalls(stats, out);
		print_memory(stats, out);
	}
	print_calls(stats, out);
}
